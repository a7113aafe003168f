import type { PlacementPlan } from '@bulkhead/domain';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type ActivityInterceptorsFactory } from '@temporalio/worker';
import type {
  BillingActivities,
  ControlActivities,
  DriftActivities,
  FleetActivities,
  IsolationActivities,
  PlaneActivities,
  ProvisioningActivities,
  SettlingActivities,
} from '../activity-types.js';
import { workflowBundle } from '@bulkhead/definitions/bundle';
import {
  CONTROL_QUEUE,
  OPERATOR_QUEUE,
  PROVISIONING_QUEUES,
  STEP_HEADER,
  WORKFLOW_QUEUE,
  type StepTag,
} from '../contract.js';

export type AllActivities = ControlActivities &
  SettlingActivities &
  BillingActivities &
  ProvisioningActivities &
  PlaneActivities &
  IsolationActivities &
  DriftActivities &
  FleetActivities;
type Name = keyof AllActivities;

type Kind = 'control' | 'provisioning' | 'operator';

const ON_QUEUE: Readonly<Record<Name, Kind>> = {
  reportOperation: 'control',
  needAttention: 'control',
  reservePlacement: 'control',
  retirePlacement: 'control',
  grantEntitlements: 'control',
  activateTenant: 'control',
  abandonTenant: 'control',
  switchPlan: 'control',
  releaseChange: 'control',
  changeBilling: 'control',
  recordCell: 'control',
  recordLandingZone: 'control',
  requestIsolationProof: 'control',
  recordProofFailed: 'control',
  settleLosses: 'control',
  closePlanStack: 'control',
  requestDriftRun: 'control',
  endDriftRun: 'control',
  releaseRemedy: 'control',
  settlePooledLayers: 'control',
  retirePooledLayers: 'control',
  provideProbes: 'control',
  setUpBilling: 'control',
  cancelBilling: 'control',
  runRoster: 'provisioning',
  standUpDedicatedLayers: 'provisioning',
  discardDedicatedLayers: 'provisioning',
  standUpCell: 'provisioning',
  discardCell: 'provisioning',
  applyLandingZone: 'provisioning',
  initialiseKeys: 'provisioning',
  prepareDatabase: 'provisioning',
  unbindPlacement: 'provisioning',
  applyRetention: 'provisioning',
  describePlacement: 'provisioning',
  proveIsolation: 'provisioning',
  renewContextKeys: 'provisioning',
  applyPlanStack: 'operator',
  compareStacks: 'operator',
  sweepInventory: 'operator',
  remedyDrift: 'operator',
};

export interface FakeCall {
  readonly activity: Name;
  readonly argument: never;
  readonly tag: StepTag | undefined;
  /** Set when the activity has ended, well or not. */
  ended: boolean;
}

/** Workers whose activities do nothing but remember, and what a test says with {@link FakeWorkers.on}. */
export class FakeWorkers {
  calls: FakeCall[] = [];
  #behaviour: Partial<Record<Name, (argument: never) => unknown>> = {};

  private constructor(
    private readonly workers: readonly Worker[],
    private readonly running: Promise<void>[],
  ) {}

  static async start(environment: TestWorkflowEnvironment): Promise<FakeWorkers> {
    const workers: Worker[] = [];
    const fake = new FakeWorkers(workers, []);
    const base = { connection: environment.nativeConnection, namespace: environment.namespace ?? 'default' };
    workers.push(
      await Worker.create({
        ...base,
        taskQueue: WORKFLOW_QUEUE,
        workflowBundle: await workflowBundle(),
        maxCachedWorkflows: 50,
      }),
    );
    const queues = [
      [CONTROL_QUEUE, 'control'] as const,
      [OPERATOR_QUEUE, 'operator'] as const,
      ...Object.values(PROVISIONING_QUEUES).map((queue) => [queue, 'provisioning'] as const),
    ];
    for (const [taskQueue, kind] of queues) {
      workers.push(
        await Worker.create({
          ...base,
          taskQueue,
          activities: fake.#activities(kind),
          maxHeartbeatThrottleInterval: 50,
          interceptors: { activity: [readTag] },
        }),
      );
    }
    fake.running.push(...workers.map((worker) => worker.run()));
    return fake;
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.running);
  }

  /** Forgets calls and behaviour; by then every workflow of the last test must have ended. */
  reset(plan: PlacementPlan): void {
    this.calls = [];
    this.#behaviour = { reservePlacement: () => plan };
  }

  on<N extends Name>(activity: N, behaviour: (argument: Parameters<AllActivities[N]>[0]) => unknown): void {
    this.#behaviour[activity] = behaviour;
  }

  named<N extends Name>(activity: N): (Omit<FakeCall, 'argument'> & { argument: Parameters<AllActivities[N]>[0] })[] {
    return this.calls.filter((call) => call.activity === activity);
  }

  /** Names of the calls so far, in order of their start, without the reports. */
  get order(): Name[] {
    return this.calls
      .map(({ activity }) => activity)
      .filter((name) => name !== 'reportOperation' && name !== 'needAttention');
  }

  get reports(): string[] {
    return this.calls.flatMap(({ activity, argument }) => {
      if (activity === 'needAttention') return ['needs_attention'];
      return activity === 'reportOperation' ? [(argument as { state: string }).state] : [];
    });
  }

  #activities(kind: Kind): Record<string, (argument: never) => Promise<unknown>> {
    const names = (Object.keys(ON_QUEUE) as Name[]).filter((name) => ON_QUEUE[name] === kind);
    return Object.fromEntries(
      names.map((activity) => [
        activity,
        async (argument: never) => {
          const call: FakeCall = { activity, argument, tag: tags.get(argument), ended: false };
          this.calls.push(call);
          try {
            return await this.#behaviour[activity]?.(argument);
          } finally {
            call.ended = true;
          }
        },
      ]),
    );
  }
}

const tags = new WeakMap<object, StepTag>();

const readTag: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute(input, next) {
      const payload = input.headers[STEP_HEADER];
      if (payload) tags.set(input.args[0] as object, defaultPayloadConverter.fromPayload<StepTag>(payload));
      return next(input);
    },
  },
});

/** Fails with something that may pass. */
export function passing(message = 'The provider did not answer.'): ApplicationFailure {
  return ApplicationFailure.create({ type: 'provider_unavailable', message, nonRetryable: false });
}

/** Fails for good. */
export function lasting(message = 'The provider refuses.'): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'provider_failed',
    message,
    nonRetryable: true,
    details: [{ remediation: 'Mend the provider.' }],
  });
}
