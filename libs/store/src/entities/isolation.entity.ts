import type { ProofReport, ProofVerdict } from '@bulkhead/domain/isolation';
import type { IsolationProofId, OperationId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** `failed`: the operation ended without a report. */
export type IsolationProofState = 'running' | ProofVerdict | 'failed';

@Entity({ schema: 'control', name: 'isolation_proofs' })
export class IsolationProofEntity {
  @PrimaryColumn({ type: 'text' }) id!: IsolationProofId;
  @Column({ type: 'text', name: 'operation_id' }) operationId!: OperationId;
  @Column({ type: 'text' }) state!: IsolationProofState;
  @Column({ type: 'jsonb', nullable: true, insert: false }) report!: ProofReport | null;
  @Column({ type: 'text', nullable: true, insert: false }) digest!: string | null;
  @Column({ type: 'text', nullable: true, insert: false }) note!: string | null;
  @Column({ type: 'text', name: 'requested_by' }) requestedBy!: string;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true, insert: false }) finishedAt!: Date | null;
}
