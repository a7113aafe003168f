import { factValues, LAYERS, recommendTier, type PlanTemplate } from '@bulkhead/domain';
import { decideEligibility, missingInWords } from '@bulkhead/domain/eligibility';
import type { TenantId } from '@bulkhead/kernel';
import {
  currentFacts,
  eligibilityPolicy,
  loadTenant,
  newestPublished,
  PlanEntity,
  unknownOffer,
} from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { viewFact, type EligibilityView, type FactView, type RecommendationView } from './fact-view.js';

@Injectable()
export class ClassificationReader {
  constructor(private readonly source: DataSource) {}

  async facts(tenantId: TenantId): Promise<FactView[]> {
    const { manager } = this.source;
    await loadTenant(manager, tenantId);
    return (await currentFacts(manager, tenantId)).map(viewFact);
  }

  async recommendation(tenantId: TenantId): Promise<RecommendationView> {
    const { manager } = this.source;
    await loadTenant(manager, tenantId);
    const facts = await currentFacts(manager, tenantId);
    return recommendTier(factValues(facts), await newestPublished(manager, 'tier'));
  }

  /**
   * Which layers of its own the tenant may have.
   * @param planName plan that it would have then; its present one by default.
   * @throws BulkheadError `unknown_plan` (422), `eligibility_policy_missing` (409).
   */
  async eligibility(tenantId: TenantId, planName?: string): Promise<EligibilityView> {
    const { manager } = this.source;
    const tenant = await loadTenant(manager, tenantId);
    const facts = factValues(await currentFacts(manager, tenantId));
    const { name, version, policy } = await eligibilityPolicy(manager);
    const { kind: planKind } = await this.#plan(planName, { name: tenant.planName, version: tenant.planVersion });
    const layers = decideEligibility(policy, { tenantId, facts, planKind }, LAYERS);
    return {
      policy: `${name}@${version}`,
      planKind,
      layers: layers.map(({ layer, eligible, rules }) => ({
        ...{ layer, eligible },
        rules: rules.map(({ id, says, met, detail }) => ({ id, says, met, detail })),
      })),
      missing: missingInWords(layers),
    };
  }

  async #plan(wanted: string | undefined, present: { name: string; version: number }): Promise<PlanTemplate> {
    const { manager } = this.source;
    if (wanted === undefined) return (await manager.findOneByOrFail(PlanEntity, present)).spec as PlanTemplate;
    const plans = await newestPublished(manager, 'plan');
    const found = plans.find(({ name }) => name === wanted);
    if (!found) throw unknownOffer('plan', plans);
    return found;
  }
}
