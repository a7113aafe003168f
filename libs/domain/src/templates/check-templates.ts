import { COUNTED_QUOTA } from '../commercial/plan-price.js';
import type {
  OnboardingTemplate,
  ParsedTemplate,
  PlanTemplate,
  PolicyPackTemplate,
  TemplateProblem,
  TemplateSet,
  TierTemplate,
} from './template-types.js';

/** Every problem between templates, in file order. Empty when the set is sound. */
export function templateProblems(set: TemplateSet): TemplateProblem[] {
  return [
    ...[set.tiers, set.plans, set.policyPacks, set.onboarding, set.eligibility, set.prices].flatMap(duplicates),
    ...set.tiers.flatMap((tier) => tierProblems(tier, set)),
    ...set.plans.flatMap((plan) => planProblems(plan, set.tiers)),
    ...set.onboarding.flatMap(milestoneProblems),
  ];
}

function duplicates(templates: readonly ParsedTemplate[]): TemplateProblem[] {
  const first = new Map<string, string>();
  return templates.flatMap(({ file, body, problemAt }) => {
    const key = `${body.name}@${body.version}`;
    const earlier = first.get(key);
    if (earlier !== undefined) return [problemAt('/name', `${key} is defined in ${earlier} already.`)];
    first.set(key, file);
    return [];
  });
}

function tierProblems({ body: tier, problemAt }: ParsedTemplate<'tier'>, set: TemplateSet): TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  const dedicated = tier.layers.database === 'dedicated';
  if (dedicated && tier.database === undefined) {
    problems.push(
      problemAt(
        '/layers/database',
        'A dedicated database needs its size: add database.instanceClass and database.storageGb.',
      ),
    );
  }
  if (!dedicated && tier.database !== undefined) {
    problems.push(
      problemAt('/database', 'Only a dedicated database has a size; the cell decides the size of a shared one.'),
    );
  }
  if (!exists(tier.onboarding, set.onboarding)) {
    problems.push(problemAt('/onboarding', `No onboarding checklist ${tier.onboarding}.`));
  }
  const pack = set.policyPacks.find(({ body }) => reference(body) === tier.policyPack);
  if (pack === undefined) problems.push(problemAt('/policyPack', `No policy pack ${tier.policyPack}.`));
  else problems.push(...retentionProblems(tier, pack.body, problemAt));
  return problems;
}

function retentionProblems(
  tier: TierTemplate,
  pack: PolicyPackTemplate,
  problemAt: ParsedTemplate['problemAt'],
): TemplateProblem[] {
  const floors = {
    backupDays: pack.retention.minimumBackupDays,
    objectVersionDays: pack.retention.minimumObjectVersionDays,
    logDays: pack.retention.minimumLogDays,
  };
  return (Object.keys(floors) as (keyof typeof floors)[])
    .filter((field) => tier.retention[field] < floors[field])
    .map((field) =>
      problemAt(`/retention/${field}`, `Policy pack ${tier.policyPack} asks for at least ${floors[field]} days.`),
    );
}

function planProblems(
  { body: plan, problemAt }: ParsedTemplate<'plan'>,
  tiers: readonly ParsedTemplate<'tier'>[],
): TemplateProblem[] {
  const problems = plan.tiers.flatMap((name, index) => {
    const versions = tiers.filter(({ body }) => body.name === name);
    const newest = versions.toSorted((a, b) => b.body.version - a.body.version)[0];
    if (newest === undefined) return [problemAt(`/tiers/${index}`, `No tier "${name}".`)];
    return newest.body.requires.planKinds.includes(plan.kind)
      ? []
      : [
          problemAt(
            `/tiers/${index}`,
            `Tier ${reference(newest.body)} is not for ${plan.kind} plans (${newest.file}, requires.planKinds).`,
          ),
        ];
  });
  return [...problems, ...quotaProblems(plan, problemAt)];
}

function quotaProblems(plan: PlanTemplate, problemAt: ParsedTemplate['problemAt']): TemplateProblem[] {
  // Entitlements are one list of features: a module and a quota of one name could not be told apart.
  const problems = plan.modules.flatMap((name, index) =>
    Object.hasOwn(plan.quotas, name) ? [problemAt(`/modules/${index}`, `"${name}" is a quota of this plan too.`)] : [],
  );
  const quota = COUNTED_QUOTA[plan.price.model];
  if (quota === undefined || (plan.quotas[quota] ?? 0) > 0) return problems;
  return [...problems, problemAt('/quotas', `A ${plan.price.model} plan needs a quota "${quota}" of at least 1.`)];
}

function milestoneProblems({ body, problemAt }: ParsedTemplate<'onboarding'>): TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  const seen = new Set<string>();
  for (const [index, milestone] of body.milestones.entries()) {
    if (seen.has(milestone.code))
      problems.push(problemAt(`/milestones/${index}/code`, `Milestone "${milestone.code}" is listed twice.`));
    for (const [place, code] of milestone.after.entries()) {
      // Only milestones above may come first, which also rules out circles.
      if (!seen.has(code))
        problems.push(problemAt(`/milestones/${index}/after/${place}`, `No milestone "${code}" above this one.`));
    }
    seen.add(milestone.code);
  }
  return problems;
}

function reference(body: TierTemplate | PolicyPackTemplate | OnboardingTemplate): string {
  return `${body.name}@${body.version}`;
}

function exists(wanted: string, templates: readonly ParsedTemplate<'onboarding'>[]): boolean {
  return templates.some(({ body }) => reference(body) === wanted);
}
