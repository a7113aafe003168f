import type { BindingId, CellId, OperationId, RosterId, StackId, TenantId } from '@bulkhead/kernel';
import type { Layer, Region } from '../placement/layers.js';

/** How long things are kept. Every copy of a tenant's data inherits it (backups, logs, noncurrent objects). */
export interface RetentionSpec {
  /** Automated database backups, days (RDS allows 1–35). */
  readonly backupDays: number;
  /** Noncurrent object versions, days. */
  readonly objectVersionDays: number;
  /** Logs, days. */
  readonly logDays: number;
}

export interface LandingZoneSpec {
  readonly region: Region;
  /** Bucket that holds signed audit checkpoints under Object Lock (COMPLIANCE). */
  readonly auditBucket: string;
  readonly logBucket: string;
  /** Object Lock default retention of the audit bucket, days. */
  readonly auditLockDays: number;
}

export interface CellSpec {
  readonly cellId: CellId;
  readonly region: Region;
  readonly retention: RetentionSpec;
  readonly databaseClass: string;
  readonly databaseGb: number;
  /** Set only when a cell that never became active is taken down; see {@link DedicatedTenantSpec.discardedBy}. */
  readonly discardedBy?: OperationId;
}

/** A Postgres database that a plane serves from, with where its credentials are (never the credentials). */
export interface DatabaseCoordinates {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Secrets Manager ARN of the master login; RDS manages the password. */
  readonly masterSecretArn: string;
  /** Secrets Manager ARN of the serving login. */
  readonly servingSecretArn: string;
}

/** What a cell's stack stands up and its rosters register into. */
export interface CellOutputs {
  readonly database: DatabaseCoordinates;
  readonly bucket: string;
  readonly keyArn: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

export interface RegistrationSpec {
  readonly bindingId: BindingId;
  readonly layer: Layer;
}

export interface RosterSpec {
  readonly rosterId: RosterId;
  readonly cellId: CellId;
  readonly region: Region;
  readonly cell: CellOutputs;
  /** At most {@link MAX_ROSTER_REGISTRATIONS}: a Pulumi run's cost grows faster than linearly past it. */
  readonly registrations: readonly RegistrationSpec[];
}
export const MAX_ROSTER_REGISTRATIONS = 50;

/** What one pooled binding turned into. `wrappedKey` is the data key under the cell's KMS key: useless without it. */
export interface RegistrationOutputs {
  readonly bindingId: BindingId;
  readonly layer: Layer;
  /** Prefix in the cell's bucket (storage), lane of the queue (queue), or the wrapped key's id (key). */
  readonly locator: string;
}
export interface RosterOutputs {
  readonly registrations: Readonly<Record<BindingId, RegistrationOutputs>>;
}

export interface DedicatedDatabaseSpec {
  readonly bindingId: BindingId;
  readonly instanceClass: string;
  readonly storageGb: number;
}

/** The dedicated layers of one tenant (or of a warm slot, which has no tenant yet). */
export interface DedicatedTenantSpec {
  readonly stackId: StackId;
  /** Only for tags. Absent on a warm slot. */
  readonly tenantId?: TenantId;
  readonly region: Region;
  readonly retention: RetentionSpec;
  /** Encrypts the layers when the key layer is not dedicated: the cell's key. */
  readonly sharedKeyArn?: string;
  readonly database?: DedicatedDatabaseSpec;
  readonly storage?: { readonly bindingId: BindingId };
  readonly key?: { readonly bindingId: BindingId };
  readonly queue?: { readonly bindingId: BindingId };
  /**
   * Set only by compensation and retirement: lifts deletion protection so that the stack can be destroyed, and names
   * the operation that answers for it. The policy pack refuses unprotected stateful resources without it.
   */
  readonly discardedBy?: OperationId;
}

export interface DedicatedTenantOutputs {
  readonly database?: DatabaseCoordinates & { readonly instance: string };
  readonly storage?: { readonly bucket: string; readonly arn: string };
  readonly key?: { readonly keyArn: string; readonly alias: string };
  readonly queue?: { readonly queueUrl: string; readonly deadLetterQueueUrl: string };
}

export type ProgramRequest =
  | { readonly program: 'landing-zone'; readonly spec: LandingZoneSpec }
  | { readonly program: 'cell'; readonly spec: CellSpec }
  | { readonly program: 'roster'; readonly spec: RosterSpec }
  | { readonly program: 'dedicated-tenant'; readonly spec: DedicatedTenantSpec };

/** Operation that answers for the loss of what the request's stack holds; undefined while it is protected. */
export function discardedBy(request: ProgramRequest): OperationId | undefined {
  return request.program === 'cell' || request.program === 'dedicated-tenant' ? request.spec.discardedBy : undefined;
}

/** Pulumi project of every stack. */
export const PULUMI_PROJECT = 'bulkhead';

/** Stack of a request, e.g. `dedicated-tenant.stk_0192…`. One stack, one lease, one state row. */
export function stackName(request: ProgramRequest): string {
  switch (request.program) {
    case 'landing-zone':
      return `landing-zone.${request.spec.region}`;
    case 'cell':
      return `cell.${request.spec.cellId}`;
    case 'roster':
      return `roster.${request.spec.rosterId}`;
    case 'dedicated-tenant':
      return `dedicated-tenant.${request.spec.stackId}`;
  }
}
