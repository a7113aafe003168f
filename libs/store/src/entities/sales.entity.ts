import type { ChangeKind, ChangeState, Quote } from '@bulkhead/domain/change-requests';
import type { RemedyWish } from '@bulkhead/domain/drift';
import type { StateLossWish } from '@bulkhead/domain/fleet';
import type { FactName, FactValue } from '@bulkhead/domain';
import type { ChangeId, Id, OperationId, QuoteId, TenantId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OperationFailure } from './operation.entity.js';

@Entity({ schema: 'control', name: 'eligibility_policies' })
export class EligibilityPolicyEntity {
  @PrimaryColumn({ type: 'text' }) name!: string;
  @PrimaryColumn({ type: 'integer' }) version!: number;
  @Column({ type: 'text' }) digest!: string;
  @Column({ type: 'jsonb' }) spec!: object;
  @Column({ type: 'timestamptz', name: 'published_at', insert: false, update: false }) publishedAt!: Date;
}

@Entity({ schema: 'control', name: 'price_tables' })
export class PriceTableEntity {
  @PrimaryColumn({ type: 'text' }) name!: string;
  @PrimaryColumn({ type: 'integer' }) version!: number;
  @Column({ type: 'text' }) digest!: string;
  @Column({ type: 'jsonb' }) spec!: object;
  @Column({ type: 'timestamptz', name: 'published_at', insert: false, update: false }) publishedAt!: Date;
}

@Entity({ schema: 'control', name: 'tenant_facts' })
export class TenantFactEntity {
  @PrimaryColumn({ type: 'text' }) id!: Id<'fact'>;
  @Column({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @Column({ type: 'text' }) name!: FactName;
  @Column({ type: 'jsonb' }) value!: FactValue;
  @Column({ type: 'text' }) source!: string;
  @Column({ type: 'date', name: 'observed_on' }) observedOn!: string;
  @Column({ type: 'text', name: 'recorded_by' }) recordedBy!: string;
  @Column({ type: 'timestamptz', name: 'recorded_at', insert: false, update: false }) recordedAt!: Date;
}

@Entity({ schema: 'control', name: 'quotes' })
export class QuoteEntity {
  @PrimaryColumn({ type: 'text' }) id!: QuoteId;
  @Column({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @Column({ type: 'jsonb' }) document!: Quote;
  @Column({ type: 'text' }) hash!: string;
  @Column({ type: 'text' }) basis!: string;
  @Column({ type: 'timestamptz', name: 'expires_at' }) expiresAt!: Date;
  @Column({ type: 'text', name: 'created_by' }) createdBy!: string;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
}

@Entity({ schema: 'control', name: 'change_requests' })
export class ChangeRequestEntity {
  @PrimaryColumn({ type: 'text' }) id!: ChangeId;
  /** Null only for what a shared stack holds. */
  @Column({ type: 'text', name: 'tenant_id', nullable: true }) tenantId!: TenantId | null;
  /** Null for a request that says itself what it asks for, in `document`. */
  @Column({ type: 'text', name: 'quote_id', nullable: true }) quoteId!: QuoteId | null;
  @Column({ type: 'text' }) kind!: ChangeKind;
  @Column({ type: 'text' }) state!: ChangeState;
  @Column({ type: 'text' }) reason!: string;
  @Column({ type: 'text', name: 'contact_email', nullable: true }) contactEmail!: string | null;
  @Column({ type: 'integer', name: 'approvals_needed' }) approvalsNeeded!: number;
  @Column({ type: 'text', name: 'requested_by' }) requestedBy!: string;
  /** The person behind `requestedBy`. */
  @Column({ type: 'text' }) requester!: string;
  /** Of the secret in the customer's link, where there is one. */
  @Column({ type: 'bytea', name: 'status_digest', nullable: true }) statusDigest!: Buffer | null;
  /** Together, or none of them. */
  @Column({ type: 'jsonb', nullable: true }) document!: StateLossWish | RemedyWish | null;
  @Column({ type: 'text', nullable: true }) hash!: string | null;
  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @Column({ type: 'text', name: 'operation_id', nullable: true }) operationId!: OperationId | null;
  @Column({ type: 'jsonb', nullable: true }) failure!: OperationFailure | null;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'closed_at', nullable: true }) closedAt!: Date | null;
}

@Entity({ schema: 'control', name: 'change_decisions' })
export class ChangeDecisionEntity {
  @PrimaryColumn({ type: 'text', name: 'change_id' }) changeId!: ChangeId;
  @PrimaryColumn({ type: 'text' }) person!: string;
  @Column({ type: 'text', name: 'decided_by' }) decidedBy!: string;
  @Column({ type: 'text' }) decision!: 'approve' | 'reject';
  /** Of what was read: the quote's, or the request's own. */
  @Column({ type: 'text' }) hash!: string;
  @Column({ type: 'text', nullable: true }) note!: string | null;
  @Column({ type: 'timestamptz', name: 'decided_at', insert: false, update: false }) decidedAt!: Date;
}

/** A message to somebody outside that the command's transaction promised. */
@Entity({ schema: 'control', name: 'notifications' })
export class NotificationEntity {
  @PrimaryColumn({ type: 'text' }) id!: Id<'notification'>;
  @Column({ type: 'text', name: 'tenant_id', nullable: true }) tenantId!: TenantId | null;
  @Column({ type: 'text' }) channel!: 'webhook' | 'email';
  /** Address of an e-mail; the webhook's is the worker's configuration. */
  @Column({ type: 'text', nullable: true }) recipient!: string | null;
  @Column({ type: 'jsonb' }) message!: object;
  @Column({ type: 'integer' }) attempts!: number;
  @Column({ type: 'timestamptz', name: 'next_attempt_at' }) nextAttemptAt!: Date;
  @Column({ type: 'text' }) state!: 'waiting' | 'sent' | 'given_up';
  @Column({ type: 'text', name: 'last_error', nullable: true }) lastError!: string | null;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
}

@Entity({ schema: 'control', name: 'legal_holds' })
export class LegalHoldEntity {
  @PrimaryColumn({ type: 'text' }) id!: Id<'legalHold'>;
  @Column({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @Column({ type: 'text' }) matter!: string;
  @Column({ type: 'text' }) reason!: string;
  @Column({ type: 'text', name: 'placed_by' }) placedBy!: string;
  @Column({ type: 'timestamptz', name: 'placed_at', insert: false, update: false }) placedAt!: Date;
  @Column({ type: 'text', name: 'released_by', nullable: true }) releasedBy!: string | null;
  @Column({ type: 'timestamptz', name: 'released_at', nullable: true }) releasedAt!: Date | null;
  @Column({ type: 'text', name: 'release_reason', nullable: true }) releaseReason!: string | null;
}
