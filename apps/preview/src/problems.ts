import type { TemplateSet } from '@bulkhead/domain';
import type { Bundle } from './bundle.js';
import type { Problem } from './report.js';

/**
 * What would stop the templates from being published, or leave live tenants without a tier.
 * @param folder of the templates, as problems name it.
 */
export function templateProblems(bundle: Bundle, { tiers }: TemplateSet, folder: string): readonly Problem[] {
  const published = new Map(bundle.tiers.map(({ name, version, digest }) => [`${name}@${version}`, digest]));
  const changed = tiers.flatMap(({ body, digest, problemAt }): Problem[] => {
    const reference = `${body.name}@${body.version}`;
    const known = published.get(reference);
    if (known === undefined || known === digest) return [];
    const { file, line } = problemAt('/version', '');
    const message = `${reference} is published with other content. A published version never changes: give this one the number ${body.version + 1}.`;
    return [{ rule: 'published-version-changed', message, file: `${folder}/${file}`, line }];
  });
  const names = new Set(tiers.map(({ body }) => body.name));
  const orphans = Map.groupBy(
    bundle.tenants.filter(({ tier }) => !names.has(tier.name)),
    ({ tier }) => tier.name,
  );
  const removed = [...orphans].map(([name, tenants]): Problem => ({
    rule: 'tier-removed',
    message: `The templates no longer have the tier ${name}, which ${tenants.length} live tenants are on.`,
  }));
  return [...changed, ...removed];
}
