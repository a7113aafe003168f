import type { CellSpec, Isolation, LandingZoneSpec, Layer, ServiceClass } from '@bulkhead/domain';
import type {
  BindingId,
  CellId,
  ChangeId,
  DriftRunId,
  IsolationProofId,
  OperationId,
  RosterId,
  TenantId,
} from '@bulkhead/kernel';

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
export interface ProveIsolationInput {
  readonly proofId: IsolationProofId;
}
export interface DetectDriftInput {
  readonly driftRunId: DriftRunId;
  /** Whether to look, too, for what nothing owns. */
  readonly sweeps: boolean;
}
export interface RemedyDriftInput {
  readonly changeId: ChangeId;
}

export interface ApplyFleetPlanInput {
  readonly planHash: string;
  /** What is to be applied, in order; each is a step of the operation. */
  readonly stacks: readonly string[];
  readonly parallel: number;
  /** Of each program so many go one after the other, before the rest of it. */
  readonly canaries: number;
}

export interface ApplyChangeInput {
  readonly changeId: ChangeId;
  readonly tenantId: TenantId;
  readonly serviceClass: ServiceClass;
}

/** Input of each kind of operation. The workflow's id is the operation's id. */
export interface OperationInputs {
  'tenant.onboard': OnboardTenantInput;
  'cell.create': CreateCellInput;
  'landing_zone.apply': ApplyLandingZoneInput;
  'change.apply': ApplyChangeInput;
  'isolation.prove': ProveIsolationInput;
  'fleet.apply': ApplyFleetPlanInput;
  'drift.detect': DetectDriftInput;
  'drift.remedy': RemedyDriftInput;
}
export type OperationKind = keyof OperationInputs;

/** Workflow type that carries out each kind of operation; its one argument is `OperationCall`. */
export const WORKFLOW_OF: Readonly<Record<OperationKind, string>> = {
  'tenant.onboard': 'onboardTenant',
  'cell.create': 'createCell',
  'landing_zone.apply': 'applyLandingZone',
  'change.apply': 'applyChange',
  'isolation.prove': 'proveIsolation',
  'fleet.apply': 'applyFleetPlan',
  'drift.detect': 'detectDrift',
  'drift.remedy': 'remedyDrift',
};

/** How long an operation tries by itself before it asks for an operator, and how long it then waits. Milliseconds. */
export interface Patience {
  /** Tries of a step while its error is one that may pass; other errors ask at once. */
  readonly attempts: number;
  /** Pause after the first try; it doubles with each further one, up to `maximumMs`. */
  readonly initialMs: number;
  readonly maximumMs: number;
  /** How long a failed step waits for an operator before the operation is undone. */
  readonly attentionMs: number;
  /** How often undoing that failed is tried again without being asked: it never gives up, so nothing is orphaned. */
  readonly compensateEveryMs: number;
}
export const DEFAULT_PATIENCE: Patience = {
  // Together some three minutes: a restart of Temporal, of a database or of the AWS API passes without an operator.
  attempts: 10,
  initialMs: 500,
  maximumMs: 30_000,
  attentionMs: 24 * 60 * 60 * 1000,
  compensateEveryMs: 15 * 60 * 1000,
};

export interface OperationCall<K extends OperationKind = OperationKind> {
  readonly operationId: OperationId;
  readonly input: OperationInputs[K];
  /** Overrides of {@link DEFAULT_PATIENCE}. */
  readonly patience?: Partial<Patience>;
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

/** The steps that an operation will show, in order; a layer that nobody asked for has no step. */
export function stepsOf<K extends OperationKind>(kind: K, input: OperationInputs[K]): readonly string[] {
  if (kind === 'cell.create') return ['stand_up_cell', 'activate'];
  if (kind === 'landing_zone.apply') return ['apply_landing_zone', 'activate'];
  if (kind === 'fleet.apply') return (input as ApplyFleetPlanInput).stacks;
  if (kind === 'change.apply') return ['change_billing', 'switch_plan'];
  if (kind === 'isolation.prove') return ['provide_probes', 'prove_isolation'];
  if (kind === 'drift.remedy') return ['remedy_drift'];
  if (kind === 'drift.detect')
    return (input as DetectDriftInput).sweeps ? ['compare_stacks', 'sweep_inventory'] : ['compare_stacks'];
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
/** Long activities that no tenant waits for: they have a queue of their own, so that no tenant's work waits for them. */
export const OPERATOR_QUEUE = 'bulkhead-operator';

/** Why a step or an operation failed, as it may be shown: no secrets, no PHI. */
export interface Failure {
  /** Stable snake_case code. */
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
}

/** Signal to an operation in `needs_attention`: the cause was mended, try the step again. */
export const RETRY_SIGNAL = 'retry';

/** Query of every operation: what it is doing now. */
export const STATUS_QUERY = 'status';
export interface OperationStatus {
  readonly state: 'running' | 'needs_attention' | 'cancelling' | 'compensating' | 'succeeded' | 'failed' | 'cancelled';
  /** Steps that wait for an operator, with the reason. */
  readonly waiting: Readonly<Record<string, Failure>>;
}

/** Activity header that says which step of which operation an activity belongs to. */
export const STEP_HEADER = 'bulkhead-step';
export interface StepTag {
  readonly operationId: OperationId;
  readonly step: string;
  /** `undo`: the activity takes back what the step did. */
  readonly phase: 'do' | 'undo';
}

/** The workflow that asks for a proof as anybody else would, and the schedule that starts it every day. */
export const REQUEST_PROOF_WORKFLOW = 'requestIsolationProof';
export const PROOF_SCHEDULE = 'isolation-proof-daily';

/** The workflow that asks for a comparison of the fleet with the cloud, and the schedule that starts it every day. */
export const REQUEST_DRIFT_WORKFLOW = 'requestDriftRun';
export const DRIFT_SCHEDULE = 'drift-daily';

/** The workflow that lets new context keys sign, and the schedule that starts it every day. */
export const RENEW_CONTEXT_KEYS_WORKFLOW = 'renewContextKeys';
export const CONTEXT_KEY_SCHEDULE = 'context-keys-daily';

/** The entity workflow that collects the registrations of one cell: id `rosters.<cell>`. */
export const ROSTERS_WORKFLOW = 'cellRosters';
export function rostersWorkflowId(cellId: CellId): string {
  return `rosters.${cellId}`;
}
export interface CellRostersInput {
  readonly cellId: CellId;
  readonly patience?: Partial<Patience>;
  /** Runs after which the workflow continues as a new one. Absent: when Temporal suggests it. */
  readonly runsPerHistory?: number;
}
/** Update of the entity workflow: settles these bindings of a roster (registers or removes them, as their rows say). */
export const SETTLE_UPDATE = 'settle';
export interface SettleRequest {
  readonly rosterId: RosterId;
  readonly bindingIds: readonly BindingId[];
  readonly serviceClass: ServiceClass;
}
/** Code of the refusal while the entity workflow continues as new: ask again in a moment. */
export const ROSTERS_CONTINUING = 'rosters_continuing';
