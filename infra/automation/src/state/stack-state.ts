import type { RecordedResource, RecordedState } from '@bulkhead/domain/fleet';
import type pg from 'pg';
import { recordedState } from '../fleet/recorded-state.js';
import { ROOT_TYPE, SIGNATURE } from './checkpoint-marks.js';
import { STATE_TABLE } from './state-schema.js';

/** What Pulumi's state says of one resource; nothing of it can be secret. */
export interface StackResource {
  readonly urn: string;
  readonly type: string;
  /** Physical id; absent on components. */
  readonly id?: string;
  readonly protect: boolean;
}

/** A resource as a program once declared it. */
export interface DeclaredResource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly protect: boolean;
  readonly parent?: string;
  /** URN and id of the provider instance. */
  readonly provider?: string;
  /** URNs of the resources that this one needs. */
  readonly dependencies: readonly string[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface StackState {
  readonly resources: readonly StackResource[];
  /** The same resources, parents first. */
  readonly declared: readonly DeclaredResource[];
  /** Resources whose creation began and whose end the state does not know. */
  readonly pendingCreates: readonly DeclaredResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

// Layout of a checkpoint: apitype.CheckpointV3 and DeploymentV3 (pulumi sdk/go/common/apitype).
interface Checkpoint {
  readonly checkpoint: {
    readonly latest?: {
      readonly resources?: readonly ResourceState[];
      readonly pending_operations?: readonly { readonly resource: ResourceState; readonly type: string }[];
    };
  };
}
interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly custom?: boolean;
  readonly protect?: boolean;
  readonly parent?: string;
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}

/** Reads a stack's state as the owner of the state database; undefined when there is no such stack. */
export async function readStackState(pool: pg.Pool, stack: string): Promise<StackState | undefined> {
  const checkpoint = await readCheckpoint(pool, stack);
  if (checkpoint === undefined) return undefined;
  const { latest } = checkpoint.checkpoint;
  const resources = latest?.resources ?? [];
  const known = resources.filter((resource) => resource.type !== ROOT_TYPE);
  return {
    resources: known.map(visible),
    declared: known.map(declared),
    pendingCreates: (latest?.pending_operations ?? [])
      .filter((operation) => operation.type === 'creating' && operation.resource.type !== ROOT_TYPE)
      .map(({ resource }) => declared(resource)),
    outputs: plainOutputs(stack, resources.find((resource) => resource.type === ROOT_TYPE)?.outputs),
  };
}

async function readCheckpoint(pool: pg.Pool, stack: string): Promise<Checkpoint | undefined> {
  const { rows } = await pool.query<{ data: string }>(
    `SELECT data->>'data' AS data FROM ${STATE_TABLE} WHERE stack = $1 AND key LIKE '%/.pulumi/stacks/%.json'`,
    [stack],
  );
  return rows[0] && (JSON.parse(Buffer.from(rows[0].data, 'base64').toString()) as Checkpoint);
}

/** What may leave the state database of a stack, without any secret; undefined when there is no such stack. */
export async function readRecordedState(pool: pg.Pool, stack: string): Promise<RecordedState | undefined> {
  const checkpoint = await readCheckpoint(pool, stack);
  if (checkpoint === undefined) return undefined;
  const { resources = [], pending_operations: pending = [] } = checkpoint.checkpoint.latest ?? {};
  return recordedState({ resources: resources as readonly RecordedResource[], pending_operations: pending });
}

function visible({ urn, type, id, protect }: ResourceState): StackResource {
  return { urn, type, protect: protect ?? false, ...(id ? { id } : {}) };
}

function declared(resource: ResourceState): DeclaredResource {
  const { urn, type, custom = false, protect = false, parent, provider, dependencies = [], inputs = {} } = resource;
  const optional = { ...(parent ? { parent } : {}), ...(provider ? { provider } : {}) };
  return { urn, type, custom, protect, dependencies, inputs, ...optional };
}

function plainOutputs(stack: string, outputs: Record<string, unknown> = {}): Record<string, unknown> {
  // Handing on ciphertext as if it were the value would surface far away from here.
  if (JSON.stringify(outputs).includes(SIGNATURE)) throw new Error(`An output of stack ${stack} is secret`);
  return outputs;
}

/** Pending creations whose resource the state does not have: nobody has adopted what they may have made. */
export function unadopted(state: StackState): readonly DeclaredResource[] {
  const known = new Set(state.resources.filter((resource) => resource.id !== undefined).map(({ urn }) => urn));
  return state.pendingCreates.filter(({ urn }) => !known.has(urn));
}

/** Names of all stacks that have a state. */
export async function listStacks(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ stack: string }>(
    `SELECT DISTINCT stack FROM ${STATE_TABLE} WHERE key LIKE '%/.pulumi/stacks/%.json' ORDER BY stack`,
  );
  return rows.map(({ stack }) => stack);
}

/** Runs whose history is kept for a stack; Pulumi itself never removes any. */
const KEPT_RUNS = 5;

/** Removes old history and all backups of a stack: each run writes the whole state three more times. */
export async function pruneStack(pool: pg.Pool, stack: string): Promise<void> {
  await pool.query(`DELETE FROM ${STATE_TABLE} WHERE stack = $1 AND key LIKE '%/.pulumi/backups/%'`, [stack]);
  // A run writes a pair, NAME.history.json and NAME.checkpoint.json, whose names sort by time.
  await pool.query(
    `DELETE FROM ${STATE_TABLE} WHERE stack = $1 AND key IN (
       SELECT key FROM ${STATE_TABLE} WHERE stack = $1 AND key LIKE '%/.pulumi/history/%' ORDER BY key DESC OFFSET $2)`,
    [stack, 2 * KEPT_RUNS],
  );
}

/** Forgets a stack that has no resources left, its history included. */
export async function removeStack(pool: pg.Pool, stack: string): Promise<void> {
  await pool.query(`DELETE FROM ${STATE_TABLE} WHERE stack = $1`, [stack]);
}
