import { readFile } from 'node:fs/promises';
import type { BulkheadClient, FleetPlanView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { finish, onceOnly, withWaiting, type WaitOptions } from './wait.js';

interface ApplyOptions extends WaitOptions {
  readonly parallel?: number;
  readonly canaries?: number;
}

type PlannedStack = FleetPlanView['stacks'][number];

const STACK: Shape<PlannedStack> = {
  name: ({ stack }) => stack,
  columns: {
    STACK: ({ stack }) => stack,
    TENANTS: ({ tenants }) => (tenants.length > 3 ? `${tenants.length} tenants` : tenants.join(', ')),
    CREATE: ({ create }) => create,
    UPDATE: ({ update }) => update,
    REPLACE: ({ replace }) => replace,
    DELETE: ({ delete: gone }) => gone,
    LOSSES: ({ losses }) => losses,
    STATE: ({ state }) => state,
  },
};

const PLAN: Shape<FleetPlanView> = { name: ({ planHash }) => planHash, columns: { PLAN: ({ planHash }) => planHash } };

/** `bulkhead fleet apply`, `bulkhead fleet plan`. */
export function addPlans(noun: Command, maker: CommandMaker): void {
  noun
    .command('plan')
    .description('Show a plan that was kept, and how far it has been applied.')
    .argument('<hash>', 'hash of the plan', reference)
    .action(
      maker.does(async (session, _options, hash = '') => {
        show(session, await session.client().getFleetPlan({ path: { hash } }));
      }),
    );
  withWaiting(noun.command('apply'))
    .description('Bring the fleet to what a preview’s plan says: canaries first, and nothing after the first failure.')
    .argument('<plan>', 'the preview’s JSON document, or the hash of a plan that was kept', reference)
    .option('--parallel <number>', 'stacks at once, after the canaries (default: 2)', wholeNumber)
    .option('--canaries <number>', 'of each program so many one after the other first (default: 1)', wholeNumber)
    .action(maker.does<ApplyOptions>(apply));
}

async function apply(session: Session, options: ApplyOptions, plan = ''): Promise<void> {
  const client = session.client();
  const hash = /^sha256:[0-9a-f]{64}$/.test(plan) ? plan : await keep(session, client, plan);
  const { parallel, canaries } = options;
  const body = { ...(parallel !== undefined && { parallel }), ...(canaries !== undefined && { canaries }) };
  const { operation } = await client.applyFleetPlan({ path: { hash }, body, ...onceOnly(options) });
  await finish(session, client, operation.id, options, async () => {
    show(session, await client.getFleetPlan({ path: { hash } }));
  });
}

async function keep(session: Session, client: BulkheadClient, file: string): Promise<string> {
  const plan = await readPlan(file);
  const { planHash, stacks } = await client.keepFleetPlan({ body: { plan } });
  session.note(`Plan ${planHash} changes ${stacks.length === 1 ? 'one stack' : `${stacks.length} stacks`}.`);
  return planHash;
}

async function readPlan(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    const remediation = 'Name the JSON document of `bulkhead preview --output json=FILE`, or the hash of a kept plan.';
    throw usageError('file_unreadable', `${file} cannot be read as JSON.`, remediation, error);
  }
}

function show(session: Session, plan: FleetPlanView): void {
  const { output } = session.options;
  if (output === 'table') printList(session, plan.stacks, STACK);
  else printOne(session, plan, PLAN);
}
