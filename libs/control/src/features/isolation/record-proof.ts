import { findingsOf, proofDigest, type ProofReport } from '@bulkhead/domain/isolation';
import type { IsolationProofId } from '@bulkhead/kernel';
import { IsolationProofEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

export interface ProofOutcome {
  readonly proofId: IsolationProofId;
  /** Null when the operation ended without a report. */
  readonly signed: { readonly report: ProofReport; readonly note: string } | null;
}

/** What stands in the log for ever: the digest, so that no report can be swapped later, and what it came to. */
function facts({ report }: NonNullable<ProofOutcome['signed']>): Record<string, unknown> {
  const red = findingsOf(report).filter(({ severity }) => severity !== 'note');
  return {
    verdict: report.verdict,
    mode: report.mode,
    digest: proofDigest(report),
    targets: report.targets.length,
    findings: red.length,
    rules: [...new Set(red.map(({ rule }) => rule))].toSorted(),
  };
}

@Gated<RecordProof, void>({
  name: 'isolation.record',
  roles: ['workload'],
  audit: ({ outcome: { proofId, signed } }) => ({
    subject: { kind: 'isolation_proof', id: proofId },
    details: signed ? facts(signed) : { verdict: 'failed' },
  }),
})
export class RecordProof extends Command<void> {
  constructor(readonly outcome: ProofOutcome) {
    super();
  }
}

/** Stores a proof's report. The first one counts: a report is never written over. */
@CommandHandler(RecordProof)
export class RecordProofHandler implements ICommandHandler<RecordProof> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ outcome: { proofId: id, signed } }: RecordProof): Promise<void> {
    const { manager } = this.work;
    const finishedAt = new Date();
    const change = signed
      ? { state: signed.report.verdict, report: signed.report, digest: proofDigest(signed.report), note: signed.note }
      : { state: 'failed' as const };
    await manager.update(IsolationProofEntity, { id, state: 'running' }, { ...change, finishedAt });
  }
}
