import { holdsData } from '../fleet/compare-stack.js';
import type { DeclaredResource } from '../state/stack-state.js';

/** What the loss of resources takes along: Pulumi deletes what depends on them before it deletes them. */
export interface LossScope {
  /** What is to be lost and is protected: the protection of these is lifted, and of no others. */
  readonly released: readonly string[];
  /** What would go along although it holds data, or is protected, and nobody named it. */
  readonly unnamed: readonly string[];
}

/** Is lost with the instance in which it lies, whoever names only the instance. */
const [INSIDE, INSTANCE] = ['bulkhead:postgres:TenantDatabase', 'aws:rds/instance:Instance'];

/**
 * @param known all that the state has: parents first, and what others depend on before them.
 * @param urns what may be lost.
 */
export function lossScope(known: readonly DeclaredResource[], urns: readonly string[]): LossScope {
  const going = new Set(urns);
  const named = new Set(urns);
  const instances = new Set(known.filter(({ type, urn }) => type === INSTANCE && named.has(urn)).map(({ urn }) => urn));
  for (const { urn, type, dependencies, parent } of known) {
    if (dependencies.some((needed) => going.has(needed)) || (parent !== undefined && going.has(parent))) going.add(urn);
    if (type === INSIDE && dependencies.some((needed) => instances.has(needed))) named.add(urn);
  }
  const taken = known.filter(({ urn }) => going.has(urn));
  return {
    released: taken.filter(({ urn, protect }) => protect && named.has(urn)).map(({ urn }) => urn),
    unnamed: taken
      .filter(({ urn, type, protect }) => !named.has(urn) && (protect || holdsData(type)))
      .map(({ urn }) => urn),
  };
}
