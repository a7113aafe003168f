import { joinProofs, type ProofMode, type ProofReport, type TargetProof } from '@bulkhead/domain/isolation';
import { Collected } from './collected.js';
import { proveDatabase } from './database/prove-database.js';
import type { DatabaseTarget } from './database/target.js';
import { proveHoldings } from './holdings/prove-holdings.js';
import type { HoldingsTarget } from './holdings/target.js';
import { proveRoutes } from './routes/prove-routes.js';
import type { RoutesTarget } from './routes/target.js';
import { proveService } from './service/prove-service.js';
import type { ServiceTarget } from './service/service-target.js';

/** Something that tenants share, and that the proof can try to cross. */
export type ProofTarget = DatabaseTarget | RoutesTarget | HoldingsTarget | ServiceTarget;

/** One that is made ready when its turn comes, such as one that needs tokens that last for minutes. */
export interface LateTarget extends Pick<ProofTarget, 'kind' | 'name'> {
  readonly ready: () => Promise<ProofTarget>;
}

export interface ProofOptions {
  readonly mode: ProofMode;
  /** Aborted, the proof ends before its next target, with the reason. */
  readonly signal?: AbortSignal;
}

/**
 * Tries to cross the boundary between tenants at every target, one after the other. A target that cannot be proven (it
 * does not answer, its roles are missing, it cannot be made ready) makes the report void; it is never passed over.
 */
export async function prove(
  targets: readonly (ProofTarget | LateTarget)[],
  { mode, signal }: ProofOptions,
): Promise<ProofReport> {
  const startedAt = new Date();
  const proofs: TargetProof[] = [];
  for (const target of targets) {
    signal?.throwIfAborted();
    proofs.push(await proveOne(target, mode));
  }
  return joinProofs(mode, { startedAt, finishedAt: new Date() }, proofs);
}

async function proveOne(target: ProofTarget | LateTarget, mode: ProofMode): Promise<TargetProof> {
  const collected = new Collected();
  try {
    await proveAny('ready' in target ? await target.ready() : target, mode, collected);
  } catch (error) {
    collected.void(`The proof broke off (${kindOf(error)}).`);
  }
  return collected.of(target.name, target.kind);
}

/** Never the message: it may quote what was read. */
function kindOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return [code, name].find((kind) => typeof kind === 'string') ?? 'unknown';
}

function proveAny(target: ProofTarget, mode: ProofMode, collected: Collected): Promise<void> {
  switch (target.kind) {
    case 'database':
      return proveDatabase(target, mode, collected);
    case 'routes':
      return proveRoutes(target, mode, collected);
    case 'holdings':
      return proveHoldings(target, collected);
    case 'service':
      return proveService(target, collected);
  }
}
