import { LAYERS, type Layer, type ProgramRequest } from '@bulkhead/domain';
import type { PlannedStep } from '@bulkhead/automation';
import { STATEFUL_TYPES } from '@bulkhead/policies';
import type { Approval } from './approvals.js';
import type { JudgedStep } from './report.js';

/** A registration holds the tenant's wrapped data key: without it, the tenant's pooled data is unreadable. */
const REGISTRATION = 'bulkhead:pool:Registration';

/** Where a stack's resources belong. */
export interface StackPlace {
  readonly stack: string;
  readonly request: ProgramRequest;
  readonly tenantIds: readonly string[];
  /** Tenant and layer of each binding, by its id. */
  readonly bindings: ReadonlyMap<string, { readonly tenantId: string; readonly layer: Layer }>;
}

/** Marks what would lose state: blocked, unless an approved change request names it. */
export function judge(
  steps: readonly PlannedStep[],
  place: StackPlace,
  approvals: readonly Approval[],
): readonly JudgedStep[] {
  return steps.map((step): JudgedStep => {
    const owner = ownerOf(step, place);
    const judged = { ...step, ...(owner.tenantId !== undefined && { tenantId: owner.tenantId }) };
    if (!losesState(step)) return judged;
    const approval = approvals.find((candidate) => allows(candidate, step, place.stack, owner));
    if (approval) return { ...judged, approvedBy: approval.changeRequest };
    return { ...judged, blocked: reason(step, owner.layer) };
  });
}

function losesState({ type, operation }: PlannedStep): boolean {
  const stateful = STATEFUL_TYPES.has(type) || type === REGISTRATION;
  return stateful && (operation === 'replace' || operation === 'delete');
}

interface Owner {
  readonly tenantId?: string;
  readonly layer?: Layer;
}

/** Resources of a dedicated stack are named after their layer, registrations after their binding. */
function ownerOf({ name }: PlannedStep, { request, tenantIds, bindings }: StackPlace): Owner {
  const layer = LAYERS.find((candidate) => name === candidate || name.startsWith(`${candidate}-`));
  if (request.program === 'roster') return bindings.get(name) ?? {};
  const [tenantId] = request.program === 'dedicated-tenant' ? tenantIds : [];
  return { ...(tenantId !== undefined && { tenantId }), ...(layer && { layer }) };
}

function allows(approval: Approval, { urn }: PlannedStep, stack: string, owner: Owner): boolean {
  const whose = approval.tenantId === undefined ? approval.stack === stack : approval.tenantId === owner.tenantId;
  const what = approval.urn === undefined ? approval.layer === owner.layer : approval.urn === urn;
  // A urn that is given must fit even where the layer does.
  return whose && what && (approval.stack === undefined || approval.stack === stack);
}

function reason({ operation, type }: PlannedStep, layer: Layer | undefined): string {
  const what = layer === undefined ? type : `the ${layer} layer (${type})`;
  const how = operation === 'replace' ? 'would be deleted and made anew, empty' : 'would be deleted';
  return `State of ${what} ${how}, and no approved change request names it.`;
}
