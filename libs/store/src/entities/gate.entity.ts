import type { Id, OperationId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** The answer that a request with this key already got. */
@Entity({ schema: 'control', name: 'idempotency_keys' })
export class IdempotencyKeyEntity {
  @PrimaryColumn({ type: 'text' }) principal!: string;
  @PrimaryColumn({ type: 'text' }) key!: string;
  @Column({ type: 'text', name: 'request_hash' }) requestHash!: string;
  @Column({ type: 'jsonb' }) answer!: object;
}

/** A message to Temporal that the command's transaction promised. */
@Entity({ schema: 'control', name: 'outbox' })
export class OutboxEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' }) id!: string;
  @Column({ type: 'text', name: 'operation_id' }) operationId!: OperationId;
  @Column({ type: 'text' }) action!: 'start' | 'signal' | 'cancel';
  @Column({ type: 'jsonb' }) message!: object;
  @Column({ type: 'integer' }) attempts!: number;
  @Column({ type: 'text', name: 'last_error', nullable: true }) lastError!: string | null;
  @Column({ type: 'timestamptz', name: 'next_attempt_at' }) nextAttemptAt!: Date;
  @Column({ type: 'timestamptz', name: 'delivered_at', nullable: true }) deliveredAt!: Date | null;
}

@Entity({ schema: 'control', name: 'api_keys' })
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'text' }) id!: Id<'apiKey'>;
  @Column({ type: 'text' }) name!: string;
  /** SHA-256 of the key: keys are 256 random bits, so a slow hash would add nothing. */
  @Column({ type: 'bytea' }) digest!: Buffer;
  @Column({ type: 'text', array: true }) roles!: string[];
  @Column({ type: 'text', name: 'created_by' }) createdBy!: string;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'expires_at' }) expiresAt!: Date;
  @Column({ type: 'timestamptz', name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
