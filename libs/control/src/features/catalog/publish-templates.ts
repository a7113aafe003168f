import type { EligibilityTemplate, PlanTemplate, PriceTableTemplate, TierTemplate } from '@bulkhead/domain';
import { readPolicyText } from '@bulkhead/domain/eligibility';
import { BulkheadError } from '@bulkhead/kernel';
import {
  EligibilityPolicyEntity,
  PlanEntity,
  PlanModuleEntity,
  PlanQuotaEntity,
  PriceTableEntity,
  TierEntity,
  UnitOfWork,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';

/** A template whose schema and references were checked, with the digest of its content. */
export interface Publication<T> {
  readonly body: T;
  readonly digest: string;
}

/** Versions that were new, as `name@version`. */
export interface Published {
  readonly tiers: string[];
  readonly plans: string[];
  readonly eligibility: string[];
  readonly prices: string[];
}

type Body = TierTemplate | PlanTemplate | EligibilityTemplate | PriceTableTemplate;
type Catalogue = typeof TierEntity | typeof PlanEntity | typeof EligibilityPolicyEntity | typeof PriceTableEntity;

@Gated<PublishTemplates, Published>({
  name: 'catalog.publish',
  roles: ['workload', 'platform-admin'],
  audit: (_, published) => ({ subject: { kind: 'catalog', id: 'catalog' }, details: { ...published } }),
})
export class PublishTemplates extends Command<Published> {
  constructor(
    readonly templates: {
      readonly tiers: readonly Publication<TierTemplate>[];
      readonly plans: readonly Publication<PlanTemplate>[];
      readonly eligibility: readonly Publication<EligibilityTemplate>[];
      readonly prices: readonly Publication<PriceTableTemplate>[];
    },
  ) {
    super();
  }
}

/** Publishes the versions that are new. A version that was published before must not have changed: all or nothing. */
@CommandHandler(PublishTemplates)
export class PublishTemplatesHandler implements ICommandHandler<PublishTemplates> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ templates: { tiers, plans, eligibility, prices } }: PublishTemplates): Promise<Published> {
    const { manager } = this.work;
    // Two workers that start together publish the same templates: the second one waits and finds them there.
    await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['catalog.publish']);
    const newTiers = await publishVersions(manager, TierEntity, 'Tier', tiers);
    const newPlans = await publishVersions(manager, PlanEntity, 'Plan', plans);
    for (const { body } of newPlans) await insertParts(manager, body);
    // A text that cannot be read or explained must not become what decides.
    for (const { body } of eligibility) readPolicyText(body.policy);
    const newPolicies = await publishVersions(manager, EligibilityPolicyEntity, 'Eligibility policy', eligibility);
    const newPrices = await publishVersions(manager, PriceTableEntity, 'Price table', prices);
    return {
      tiers: newTiers.map(reference),
      plans: newPlans.map(reference),
      eligibility: newPolicies.map(reference),
      prices: newPrices.map(reference),
    };
  }
}

async function publishVersions<T extends Body>(
  manager: EntityManager,
  entity: Catalogue,
  kind: string,
  offered: readonly Publication<T>[],
): Promise<Publication<T>[]> {
  const published = await manager.find(entity);
  const digests = new Map(published.map(({ name, version, digest }) => [`${name}@${version}`, digest]));
  const changed = offered.filter((one) => digests.has(reference(one)) && digests.get(reference(one)) !== one.digest);
  if (changed.length > 0) throw versionChanged(kind, changed.map(reference));
  const fresh = offered.filter((one) => !digests.has(reference(one)));
  const rows = fresh.map(({ body, digest }) => ({ name: body.name, version: body.version, digest, spec: body }));
  if (rows.length > 0) await manager.insert(entity, rows);
  return fresh;
}

async function insertParts(manager: EntityManager, plan: PlanTemplate): Promise<void> {
  const version = { planName: plan.name, planVersion: plan.version };
  const quotas = Object.entries(plan.quotas).map(([quota, ceiling]) => ({
    ...version,
    quota,
    ceiling: String(ceiling),
  }));
  await manager.insert(
    PlanModuleEntity,
    plan.modules.map((module) => ({ ...version, module })),
  );
  if (quotas.length > 0) await manager.insert(PlanQuotaEntity, quotas);
}

function reference({ body }: Publication<Body>): string {
  return `${body.name}@${body.version}`;
}

function versionChanged(kind: string, references: readonly string[]): BulkheadError {
  return new BulkheadError({
    code: 'published_version_changed',
    status: 409,
    publicMessage: `${kind} ${references.join(', ')} was published with other content.`,
    remediation: 'Put the published content back and give the change a new version number.',
  });
}
