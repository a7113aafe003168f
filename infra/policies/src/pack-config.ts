import { fileURLToPath } from 'node:url';
import { discardedBy, type ProgramRequest } from '@bulkhead/domain';

/** The executable policy pack, for `--policy-pack`. */
export const POLICY_PACK_PATH = fileURLToPath(new URL('../pack.cjs', import.meta.url));

/** Rules that may be lifted for a stack that is discarded. */
export const LIFTABLE_RULES = ['state-protected', 'deletion-protected'] as const;

/**
 * Configuration of the pack for one run (`--policy-pack-config`). The runner gives it from the specification, so a
 * program cannot lift a rule for itself.
 */
export function policyConfig(request: ProgramRequest): Record<string, { discardedBy: string }> {
  const operation = discardedBy(request);
  if (operation === undefined) return {};
  return Object.fromEntries(LIFTABLE_RULES.map((rule) => [rule, { discardedBy: operation }]));
}
