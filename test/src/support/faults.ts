import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@bulkhead/kernel';
import type { ManagedProcess } from '@bulkhead/local';
import { expectUndoneTrail, expectWholeTrail } from './audit-trail.js';
import type { AwsCall, Fault, PlantedFault } from './aws-proxy.js';
import { expectInventoryEqualsRegistry } from './inventory.js';
import { beginOnboarding, settled, type Operation, type Tier } from './onboarding.js';
import type { TestStack } from './test-stack.js';

export const STRUCK_TIERS = ['pooled', 'dedicated'] as const;
export type StruckTier = (typeof STRUCK_TIERS)[number];

/** A call in the middle of the Pulumi update of each tier: some resources are made, others not yet. */
const MIDDLE: Readonly<Record<StruckTier, string>> = {
  pooled: 'KMS.GenerateDataKeyWithoutPlaintext',
  dedicated: 'SQS.CreateQueue',
};

/** Matches the calls of one name. */
export function calls(name: string): (call: AwsCall) => boolean {
  return (call) => call.name === name;
}

/** Waits until a planted fault has met a call: the moment at which the test strikes. */
export async function reaches(fault: PlantedFault): Promise<void> {
  await waitFor(`the planted fault to meet its call`, () => fault.met.length > 0, {
    timeoutMs: 120_000,
    intervalMs: 20,
  });
}

/** An onboarding that stands in the middle of its Pulumi update, until `goOn` is called. */
export interface Midway {
  readonly operationId: string;
  readonly tenantId: string;
  readonly goOn: () => void;
}

/**
 * Begins an onboarding and holds it in the middle of its Pulumi update.
 * @param at name of the call at which it is held; by default one that the tier makes about half way.
 * @param how `hold` before the call is carried out, `hold_answer` after it.
 */
export async function midway(
  { api, proxy }: TestStack,
  tier: Tier,
  slug: string,
  { at, how = 'hold' }: { at?: string; how?: Extract<Fault, 'hold' | 'hold_answer'> } = {},
): Promise<Midway> {
  const name = at ?? MIDDLE[tier === 'pooled' ? 'pooled' : 'dedicated'];
  const held = proxy.plant(how, calls(name), 1);
  const { operation, tenant } = await beginOnboarding(api, tier, slug);
  await reaches(held);
  return { operationId: operation.id, tenantId: tenant.id, goOn: () => held.lift() };
}

/** SIGSTOP for so long: how long it lasts is the fault itself. */
export async function suspendFor(part: ManagedProcess, milliseconds: number): Promise<void> {
  part.suspend();
  await delay(milliseconds);
  part.resume();
}

/** Waits for the end of an onboarding that survived a fault, and checks that it left nothing out, over or twice. */
export async function healed(stack: TestStack, operationId: string): Promise<Operation> {
  const operation = await settled(stack.api, operationId);
  if (operation.state !== 'succeeded') throw new Error(`It did not heal: ${JSON.stringify(operation)}`);
  await expectWholeTrail(stack, operation);
  await expectInventoryEqualsRegistry(stack);
  return operation;
}

/** Waits for the end of an onboarding that was given up, and checks that nothing of it is left. */
export async function undone(stack: TestStack, operationId: string): Promise<Operation> {
  const isFinal = async (): Promise<Operation | undefined> => {
    const operation = await settled(stack.api, operationId);
    return operation.state === 'needs_attention' ? undefined : operation;
  };
  const operation = await waitFor('the operation to be undone', isFinal, { timeoutMs: 240_000, intervalMs: 200 });
  if (operation.state === 'succeeded') throw new Error('It succeeded although it was given up');
  await expectUndoneTrail(stack, operation);
  await expectInventoryEqualsRegistry(stack);
  return operation;
}
