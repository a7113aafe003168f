import type { Automation } from '@bulkhead/automation';
import {
  WORKER,
  type ChangeReader,
  type CommandGate,
  type ContextKeyReader,
  type DriftReader,
  type FleetPlanReader,
  type FleetReader,
  type IsolationReader,
  type PlacementReader,
  type SubscriptionReader,
} from '@bulkhead/control';
import type { Patience } from '@bulkhead/definitions';
import type { NoteSigner } from '@bulkhead/domain/audit';
import type { BillingProvider } from '@bulkhead/integrations';
import type { WorkloadProfile } from '@bulkhead/isolation';
import type { InventoryClients, PlaneClients } from '@bulkhead/planes';
import type { Logger } from '@bulkhead/runtime';
import type { Command } from '@nestjs/cqrs';
import type { Client } from '@temporalio/client';
import type { ProverOptions } from './isolation/prover.js';
import type { StepProgress } from './step-progress.js';

/** What activities work with; a worker makes it once and passes it in. */
export interface Dependencies {
  readonly gate: CommandGate;
  readonly placements: PlacementReader;
  readonly subscriptions: SubscriptionReader;
  readonly changes: ChangeReader;
  readonly progress: StepProgress;
  readonly isolation: IsolationReader;
  /** Signs reports, with the key of the audit log. */
  readonly reportSigner: Pick<NoteSigner, 'sign'>;
  /** What a proof must know of the workload's databases. */
  readonly workload: WorkloadProfile;
  /** As whom a proof looks from outside of databases; null where nobody was named, which makes proofs void. */
  readonly prover: ProverOptions | null;
  readonly automation: Automation;
  /** The region that this worker's credentials are for. */
  readonly region: string;
  readonly fleet: Pick<FleetReader, 'names' | 'request'>;
  readonly fleetPlans: Pick<FleetPlanReader, 'target'>;
  readonly drift: Pick<DriftReader, 'task' | 'open' | 'owners'>;
  /** To list what is in the cloud, and to delete what nothing owns. */
  readonly inventory: InventoryClients;
  readonly planes: PlaneClients;
  readonly contextKeys: ContextKeyReader;
  /** Public key of the token service, which context keys are sealed for. */
  readonly contextRecipient: string;
  readonly billing: { readonly name: string; readonly provider: BillingProvider };
  readonly temporal: Client;
  readonly logger: Logger;
  /** Of the roster workflows that this worker starts; an operation brings its own. */
  readonly patience: Partial<Patience>;
}

/** Reports to the control plane, through the same gate as everybody else. */
export function send<R>({ gate }: Pick<Dependencies, 'gate'>, command: Command<R>): Promise<R> {
  return gate.execute(command, { principal: WORKER });
}
