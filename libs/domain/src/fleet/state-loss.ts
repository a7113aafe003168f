import { BulkheadError, type ChangeId, type TenantId } from '@bulkhead/kernel';
import type { Layer } from '../placement/layers.js';
import { templateDigest } from '../templates/template-digest.js';
import type { PlannedStep } from './planned-step.js';

/** One resource with state that a run would delete, or delete and make anew. */
export interface StateLoss {
  readonly urn: string;
  readonly operation: 'replace' | 'delete';
  /** Of the tenant that it serves; null on shared stacks. */
  readonly layer: Layer | null;
  /** What was previewed, see {@link lossDigest}: another cause is another loss. */
  readonly digest: string;
}

/** What a change request of the kind `state-loss` asks for: exactly what a preview of one stack showed. */
export interface StateLossWish {
  readonly stack: string;
  /** Null for what a shared stack holds for several. */
  readonly tenantId: TenantId | null;
  readonly losses: readonly StateLoss[];
  /** Hash of the fleet plan that showed it, and the commit that this was made from. */
  readonly planHash: string;
  readonly head: string | null;
}

/** An approved request, as far as a preview must know it. */
export interface ApprovedLoss extends Pick<StateLossWish, 'stack' | 'tenantId' | 'losses'> {
  readonly id: ChangeId;
  readonly expiresAt: string;
}

/**
 * Digest of a loss as it was previewed: the resource, what becomes of it, and because of what. An approval that was
 * given for one cause allows no other.
 */
export function lossDigest(stack: string, { urn, operation, properties }: PlannedStep): string {
  const because = properties.filter(({ replaces }) => replaces);
  return templateDigest({ stack, urn, operation, because: because.map((difference) => ({ ...difference })) });
}

/**
 * The approved request that allows a loss, if there is one.
 * @param tenantId whose state it is; undefined when it belongs to nobody alone.
 * @param now after this the approval must still hold.
 */
export function allowingRequest(
  approved: readonly ApprovedLoss[],
  {
    stack,
    tenantId,
    step,
  }: { readonly stack: string; readonly tenantId: string | undefined; readonly step: PlannedStep },
  now: Date,
): ApprovedLoss | undefined {
  const digest = lossDigest(stack, step);
  return approved.find(
    (request) =>
      request.stack === stack &&
      request.tenantId === (tenantId ?? null) &&
      Date.parse(request.expiresAt) > now.getTime() &&
      request.losses.some(
        (loss) => loss.urn === step.urn && loss.operation === step.operation && loss.digest === digest,
      ),
  );
}

/** Nobody has approved, or something forbids meanwhile, that this is lost. */
export function lossNotApproved(stack: string, urn: string): BulkheadError {
  return new BulkheadError({
    code: 'loss_not_approved',
    status: 409,
    publicMessage: `${stack} would lose ${urn}, and no change request that is approved and in force names it.`,
    remediation:
      'Ask for it (bulkhead changes state-loss) and have it approved, or release the legal hold; then apply again.',
  });
}

const HOMES: Readonly<Record<string, 'database' | 'key'>> = {
  'aws:rds/instance:Instance': 'database',
  'bulkhead:postgres:TenantDatabase': 'database',
  'aws:kms/key:Key': 'key',
};

/** What tenants live on in a resource of this type; undefined when they can do without it. */
export function homeIn(type: string): 'database' | 'key' | undefined {
  return HOMES[type];
}

/** Approved or not: what tenants live on is not taken from under them. */
export function lossOfHome(
  stack: string,
  name: string,
  kind: 'database' | 'key',
  tenants: readonly string[],
): BulkheadError {
  const who = tenants.length === 1 ? `tenant ${tenants[0]}` : `${tenants.length} tenants`;
  const what = kind === 'database' ? `is the home of ${who}` : `wraps data keys of ${who}`;
  return new BulkheadError({
    code: 'stack_not_applied',
    status: 409,
    publicMessage: `${stack} was not touched: ${name} ${what}, who must be moved away first.`,
    remediation: 'Move them with a change request; then preview again and apply the new plan.',
  });
}
