import { joinProofs, type ProofMode, type ProofReport, type TargetProof } from '@bulkhead/domain/isolation';
import { Collected } from './collected.js';
import { proveDatabase } from './database/prove-database.js';
import type { DatabaseTarget } from './database/target.js';

/** Something that tenants share, and that the proof can try to cross. */
export type ProofTarget = DatabaseTarget;

export interface ProofOptions {
  readonly mode: ProofMode;
}

/**
 * Tries to cross the boundary between tenants at every target, one after the other. A target that cannot be proven (it
 * does not answer, its roles are missing) makes the report void; it is never passed over.
 */
export async function prove(targets: readonly ProofTarget[], { mode }: ProofOptions): Promise<ProofReport> {
  const startedAt = new Date();
  const proofs: TargetProof[] = [];
  for (const target of targets) proofs.push(await proveOne(target, mode));
  return joinProofs(mode, { startedAt, finishedAt: new Date() }, proofs);
}

async function proveOne(target: ProofTarget, mode: ProofMode): Promise<TargetProof> {
  const collected = new Collected();
  try {
    await proveDatabase(target, mode, collected);
  } catch (error) {
    const { code } = error as { code?: unknown };
    collected.void(`The proof broke off${typeof code === 'string' ? ` (${code})` : ''}.`);
  }
  return collected.of(target.name, target.kind);
}
