import type { TenantId, TokenId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** next: published, signs nothing yet. current: signs. previous: its tokens are still accepted. retired: not published. */
export type SigningKeyState = 'next' | 'current' | 'previous' | 'retired';

@Entity({ schema: 'control', name: 'signing_keys' })
export class SigningKeyEntity {
  /** `kid`: the thumbprint of the public part (RFC 7638). */
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'jsonb', name: 'public_jwk' }) publicJwk!: object;
  /** Encrypted; null once the key signs no more. */
  @Column({ type: 'bytea', name: 'private_wrapped', nullable: true }) privateWrapped!: Buffer | null;
  @Column({ type: 'text' }) state!: SigningKeyState;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'promoted_at', nullable: true }) promotedAt!: Date | null;
  @Column({ type: 'timestamptz', name: 'retired_at', nullable: true }) retiredAt!: Date | null;
}

@Entity({ schema: 'control', name: 'context_keys' })
export class ContextKeyEntity {
  /** Id of the database whose contexts it signs: a cell or a binding. */
  @PrimaryColumn({ type: 'text' }) home!: string;
  @PrimaryColumn({ type: 'text' }) id!: string;
  /** Sealed for the token service. */
  @Column({ type: 'bytea' }) sealed!: Buffer;
  /** Order in which keys were added; the highest signs. */
  @Column({ type: 'bigint', insert: false, update: false }) added!: string;
  @Column({ type: 'timestamptz', name: 'added_at', insert: false, update: false }) addedAt!: Date;
}

@Entity({ schema: 'control', name: 'token_revocations' })
export class TokenRevocationEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' }) id!: string;
  @Column({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @Column({ type: 'text', name: 'token_id', nullable: true }) tokenId!: TokenId | null;
  @Column({ type: 'text', nullable: true }) subject!: string | null;
  /** int8, Unix seconds: the driver hands it over as text. */
  @Column({ type: 'bigint', name: 'issued_up_to', nullable: true }) issuedUpTo!: string | null;
  @Column({ type: 'text' }) reason!: string;
  @Column({ type: 'text', name: 'revoked_by' }) revokedBy!: string;
  @Column({ type: 'timestamptz', name: 'revoked_at', insert: false, update: false }) revokedAt!: Date;
  @Column({ type: 'timestamptz', name: 'listed_until' }) listedUntil!: Date;
}
