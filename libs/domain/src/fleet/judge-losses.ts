import { LAYERS, type Layer } from '../placement/layers.js';
import type { ProgramRequest } from '../provisioning/specs.js';
import type { PlannedStep } from './planned-step.js';
import { allowingRequest, lossDigest, type ApprovedLoss } from './state-loss.js';

export interface JudgedStep extends PlannedStep {
  /** Tenant that the resource serves, where it is one's own. */
  readonly tenantId?: string | undefined;
  /** Present where state would be lost: what a change request must name. */
  readonly loss?: { readonly layer: Layer | null; readonly digest: string };
  /** Why the change must not be merged as it is. */
  readonly blocked?: string;
  /** Change request that allows it. */
  readonly approvedBy?: string;
}

/** Where a stack's resources belong. */
export interface StackPlace {
  readonly stack: string;
  readonly program: ProgramRequest['program'];
  readonly tenantIds: readonly string[];
  /** Tenant and layer of each binding, by its id. */
  readonly bindings: ReadonlyMap<string, { readonly tenantId: string; readonly layer: Layer }>;
}

export interface LossRules {
  /** Whether the loss of a resource of this type is a loss of data. */
  readonly holdsData: (type: string) => boolean;
  readonly approved: readonly ApprovedLoss[];
  readonly now: Date;
}

/** Marks what would lose state: blocked, unless an approved change request names exactly that. */
export function judgeLosses(
  steps: readonly PlannedStep[],
  place: StackPlace,
  { holdsData, approved, now }: LossRules,
): readonly JudgedStep[] {
  return steps.map((step): JudgedStep => {
    const { tenantId, layer } = ownerOf(step, place);
    const judged = { ...step, ...(tenantId !== undefined && { tenantId }) };
    if (!holdsData(step.type) || (step.operation !== 'replace' && step.operation !== 'delete')) return judged;
    const lossy = { ...judged, loss: { layer: layer ?? null, digest: lossDigest(place.stack, step) } };
    const request = allowingRequest(approved, { stack: place.stack, tenantId, step }, now);
    return request ? { ...lossy, approvedBy: request.id } : { ...lossy, blocked: reason(step, layer) };
  });
}

interface Owner {
  readonly tenantId?: string;
  readonly layer?: Layer;
}

/** Resources of a dedicated stack are named after their layer, registrations after their binding. */
function ownerOf({ name }: PlannedStep, { program, tenantIds, bindings }: StackPlace): Owner {
  if (program === 'roster') return bindings.get(name) ?? {};
  const layer = LAYERS.find((candidate) => name === candidate || name.startsWith(`${candidate}-`));
  const [tenantId] = program === 'dedicated-tenant' ? tenantIds : [];
  return { ...(tenantId !== undefined && { tenantId }), ...(layer && { layer }) };
}

function reason({ operation, type }: PlannedStep, layer: Layer | undefined): string {
  const what = layer === undefined ? type : `the ${layer} layer (${type})`;
  const how = operation === 'replace' ? 'would be deleted and made anew, empty' : 'would be deleted';
  return `State of ${what} ${how}, and no approved change request names it.`;
}
