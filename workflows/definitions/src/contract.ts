import type { CellSpec, Isolation, LandingZoneSpec, Layer, ServiceClass } from '@bulkhead/domain';
import type { BindingId, CellId, OperationId, RosterId, TenantId } from '@bulkhead/kernel';

/**
 * What the control plane and the workers agree on. Everything here crosses a process boundary and ends up in Temporal's
 * history: ids and specifications, never secrets, never PHI.
 */

export interface OnboardTenantInput {
  readonly tenantId: TenantId;
  readonly layers: Readonly<Record<Layer, Isolation>>;
  readonly serviceClass: ServiceClass;
}
export interface CreateCellInput {
  readonly cellId: CellId;
  readonly spec: CellSpec;
}
export interface ApplyLandingZoneInput {
  readonly spec: LandingZoneSpec;
}

/** Input of each kind of operation. The workflow's id is the operation's id. */
export interface OperationInputs {
  'tenant.onboard': OnboardTenantInput;
  'cell.create': CreateCellInput;
  'landing_zone.apply': ApplyLandingZoneInput;
}
export type OperationKind = keyof OperationInputs;

/** Workflow type that carries out each kind of operation; its one argument is `OperationCall`. */
export const WORKFLOW_OF: Readonly<Record<OperationKind, string>> = {
  'tenant.onboard': 'onboardTenant',
  'cell.create': 'createCell',
  'landing_zone.apply': 'applyLandingZone',
};

export interface OperationCall<K extends OperationKind = OperationKind> {
  readonly operationId: OperationId;
  readonly input: OperationInputs[K];
}

export const ONBOARDING_STEPS = [
  'reserve_placement',
  'register_pooled_layers',
  'stand_up_dedicated_layers',
  'initialise_keys',
  'prepare_database',
  'apply_retention',
  'set_up_billing',
  'grant_entitlements',
  'audit_receipt',
  'activate',
] as const;
export type OnboardingStep = (typeof ONBOARDING_STEPS)[number];

/** The steps that an operation will show, in order; a layer that nobody asked for has no step. */
export function stepsOf<K extends OperationKind>(kind: K, input: OperationInputs[K]): readonly string[] {
  if (kind === 'cell.create') return ['stand_up_cell', 'activate'];
  if (kind === 'landing_zone.apply') return ['apply_landing_zone', 'activate'];
  const isolations = Object.values((input as OnboardTenantInput).layers);
  return ONBOARDING_STEPS.filter(
    (step) =>
      (step !== 'register_pooled_layers' || isolations.includes('shared')) &&
      (step !== 'stand_up_dedicated_layers' || isolations.includes('dedicated')),
  );
}

/** Workflow tasks of every kind. */
export const WORKFLOW_QUEUE = 'bulkhead-workflows';
/** Short activities that talk to the control database. */
export const CONTROL_QUEUE = 'bulkhead-control';
/** Long activities (Pulumi, planes), one queue for each service class so that neither waits behind the other. */
export const PROVISIONING_QUEUES: Readonly<Record<ServiceClass, string>> = {
  standard: 'bulkhead-provisioning-standard',
  premium: 'bulkhead-provisioning-premium',
};

/** Signal to an operation in `needs_attention`: the cause was mended, try the step again. */
export const RETRY_SIGNAL = 'retry';

/** The entity workflow that collects the registrations of one cell: id `rosters.<cell>`. */
export const ROSTERS_WORKFLOW = 'cellRosters';
export function rostersWorkflowId(cellId: CellId): string {
  return `rosters.${cellId}`;
}
/** Update of the entity workflow: settles these bindings of a roster (registers or removes them, as their rows say). */
export const SETTLE_UPDATE = 'settle';
export interface SettleRequest {
  readonly rosterId: RosterId;
  readonly bindingIds: readonly BindingId[];
}
