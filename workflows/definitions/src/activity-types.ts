import type {
  CellOutputs,
  CellSpec,
  DedicatedTenantSpec,
  LandingZoneSpec,
  PlacementPlan,
  ServiceClass,
} from '@bulkhead/domain';
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
import type { Failure, OperationStatus } from './contract.js';

/**
 * What workflows ask of the workers. Each step of an operation is one activity, so that its row is settled by the
 * activity's own outcome; every activity may run more than once.
 */

export interface TenantCall {
  readonly operationId: OperationId;
  readonly tenantId: TenantId;
}

export interface ChangeCall extends TenantCall {
  readonly changeId: ChangeId;
}

/** What billing holds after a change of plan. */
export interface ChangedBilling {
  readonly subscriptionRef: string;
  readonly invoiceScheduleRef: string;
}

export interface RemedyCall {
  readonly operationId: OperationId;
  readonly changeId: ChangeId;
}

export interface DriftCall {
  readonly operationId: OperationId;
  readonly driftRunId: DriftRunId;
}

/** A stack of a fleet plan. */
export interface PlanStackCall {
  readonly operationId: OperationId;
  readonly planHash: string;
  readonly stack: string;
}

export interface OperationReport {
  readonly operationId: OperationId;
  readonly state: OperationStatus['state'];
  readonly error?: Failure;
  readonly result?: object;
}

export interface AttentionCall {
  readonly operationId: OperationId;
  readonly step: string;
  readonly failure: Failure;
  /** Sentence for the operator. */
  readonly waitingFor: string;
}

export interface SettleCall extends TenantCall {
  readonly cellId: CellId;
  readonly rosterId: RosterId;
  readonly bindingIds: readonly BindingId[];
  readonly serviceClass: ServiceClass;
}

/** Of `CONTROL_QUEUE`. */
export interface ControlActivities {
  reportOperation(report: OperationReport): Promise<void>;
  needAttention(call: AttentionCall): Promise<void>;
  reservePlacement(call: TenantCall): Promise<PlacementPlan>;
  /** Gives the promised bindings back once their resources are gone. */
  retirePlacement(call: TenantCall): Promise<void>;
  grantEntitlements(call: TenantCall): Promise<void>;
  activateTenant(call: TenantCall): Promise<void>;
  abandonTenant(call: TenantCall): Promise<void>;
  switchPlan(call: ChangeCall & { readonly billing: ChangedBilling }): Promise<void>;
  /** Gives a change request back that could not be applied. */
  releaseChange(call: ChangeCall): Promise<void>;
  recordCell(call: { readonly cellId: CellId; readonly outputs: CellOutputs | null }): Promise<void>;
  /** Asks for a proof under a key, so that asking again is harmless; does nothing while one runs. */
  requestIsolationProof(call: { readonly key: string }): Promise<void>;
  /** The operation ended without a report. */
  recordProofFailed(call: { readonly proofId: IsolationProofId }): Promise<void>;
  /** Asks for a comparison of the fleet under a key; does nothing while one runs. */
  requestDriftRun(call: { readonly key: string }): Promise<void>;
  endDriftRun(call: { readonly driftRunId: DriftRunId; readonly state: 'finished' | 'failed' }): Promise<void>;
  /** Gives a change request back whose remedy did not come about. */
  releaseRemedy(call: RemedyCall): Promise<void>;
  /** Of what a stack should lose: the requests are done, or stay approved. */
  settleLosses(call: PlanStackCall & { readonly lost: boolean }): Promise<void>;
  /** Of a stack that is as its plan says, once its tenants are bound to it: it counts as applied. */
  closePlanStack(call: PlanStackCall): Promise<void>;
  recordLandingZone(call: { readonly region: string; readonly active: boolean }): Promise<void>;
}

/** Of `CONTROL_QUEUE`: they ask the cell's roster workflow and wait for its answer. */
export interface SettlingActivities {
  settlePooledLayers(call: SettleCall): Promise<void>;
  retirePooledLayers(call: TenantCall & { readonly serviceClass: ServiceClass }): Promise<void>;
  /** Onboards the tenants of the isolation proof that cells lack, and waits until they are served. */
  provideProbes(call: { readonly operationId: OperationId }): Promise<void>;
}

/** Of `CONTROL_QUEUE`. */
export interface BillingActivities {
  setUpBilling(call: TenantCall): Promise<void>;
  cancelBilling(call: TenantCall): Promise<void>;
  changeBilling(call: ChangeCall): Promise<ChangedBilling>;
}

/** Of `PROVISIONING_QUEUES`: each is one or two Pulumi runs on one stack, recorded before it answers. */
export interface ProvisioningActivities {
  /** Registers these bindings beside what the roster holds already, and removes those that are retiring. */
  runRoster(call: { readonly rosterId: RosterId; readonly bindingIds: readonly BindingId[] }): Promise<void>;
  standUpDedicatedLayers(call: TenantCall & { readonly spec: DedicatedTenantSpec }): Promise<void>;
  discardDedicatedLayers(call: TenantCall): Promise<void>;
  standUpCell(call: { readonly operationId: OperationId; readonly spec: CellSpec }): Promise<CellOutputs>;
  discardCell(call: { readonly operationId: OperationId; readonly spec: CellSpec }): Promise<void>;
  applyLandingZone(call: { readonly operationId: OperationId; readonly spec: LandingZoneSpec }): Promise<void>;
}

/** What was observed of a placement when it was handed over. Holds facts, never credentials. */
export interface PlacementReceipt {
  readonly tenantId: TenantId;
  readonly observedAt: string;
  readonly bindings: readonly { readonly bindingId: BindingId; readonly layer: string; readonly facts: object }[];
  /** SHA-256 (hexadecimal) of the canonical JSON (RFC 8785) of everything above. */
  readonly digest: string;
}

/** Of `PROVISIONING_QUEUES`: work inside the planes. */
export interface PlaneActivities {
  initialiseKeys(call: TenantCall): Promise<void>;
  prepareDatabase(call: TenantCall): Promise<void>;
  unbindPlacement(call: TenantCall): Promise<void>;
  applyRetention(call: TenantCall): Promise<void>;
  describePlacement(call: TenantCall): Promise<PlacementReceipt>;
  /** Lets new context keys sign wherever one has signed for its time; answers how many. One home's failure keeps no other. */
  renewContextKeys(): Promise<{ readonly renewed: number }>;
}

/** What a proof came to; the report itself may be long, and stays in the control database. */
export interface ProofReceipt {
  readonly proofId: IsolationProofId;
  readonly verdict: 'green' | 'findings' | 'void';
  /** SHA-256 (hexadecimal) of the report. */
  readonly digest: string;
  readonly targets: number;
  readonly findings: number;
}

/** Of `PROVISIONING_QUEUES`. */
export interface IsolationActivities {
  /** Tries to cross wherever tenants meet, signs the report and records it before it answers. */
  proveIsolation(call: {
    readonly operationId: OperationId;
    readonly proofId: IsolationProofId;
  }): Promise<ProofReceipt>;
}

/** Of `OPERATOR_QUEUE`. */
export interface DriftActivities {
  /** Compares some of the stacks that are left and records what it found; answers how many are left then. */
  compareStacks(call: DriftCall): Promise<{ readonly left: number }>;
  /** Looks for what carries our tags and nothing owns. */
  sweepInventory(call: DriftCall): Promise<void>;
  /** Carries out what a change request says about a finding, unless it refuses: the finding has moved since, or a hold. */
  remedyDrift(call: RemedyCall): Promise<{ readonly refused?: Failure }>;
}

/** Of `OPERATOR_QUEUE`. */
export interface FleetActivities {
  /**
   * Brings a stack to what a plan says, if everything that the plan was made from is still so. Answers whose planes must
   * be bound anew, because something of theirs was lost and made again or may have been, or because their tier has another version now.
   */
  applyPlanStack(call: PlanStackCall): Promise<{ readonly tenantIds: readonly TenantId[] }>;
}
