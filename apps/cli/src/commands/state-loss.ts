import { readFile } from 'node:fs/promises';
import type { ChangeView, RequestStateLossBody } from '@bulkhead/client';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { CHANGE_ROW } from './change-output.js';
import { onceOnly, type WaitOptions } from './wait.js';

interface StateLossOptions extends WaitOptions {
  readonly plan: string;
  readonly reason: string;
  readonly tenant?: string;
  readonly stack?: string;
  readonly layer?: string;
  readonly urn?: string;
  readonly validDays?: number;
}

type Losses = RequestStateLossBody['losses'];
type Loss = Losses[number];

/** As much of a plan as is read here; the rest is the API's to judge. */
interface Plan {
  readonly planHash: string;
  readonly head: string | null;
  readonly stacks: readonly {
    readonly stack: string;
    readonly tenants: readonly { readonly id: string; readonly slug: string }[];
    readonly steps: readonly {
      readonly urn: string;
      readonly operation: string;
      readonly tenantId?: string;
      readonly blocked?: string;
      readonly loss?: { readonly layer: string | null; readonly digest: string };
    }[];
  }[];
}

const ASKED: Shape<ChangeView> = {
  name: CHANGE_ROW.name,
  columns: {
    ID: ({ id }) => id,
    TENANT: ({ tenantId }) => tenantId,
    STACK: ({ loss }) => loss?.stack,
    LOSES: ({ loss }) => loss?.losses.map(({ operation, urn }) => `${operation} ${urn.split('::').at(-1)}`).join(', '),
    HASH: ({ hash }) => hash,
  },
};

/** `bulkhead changes state-loss`: asks for what a plan shows to be blocked. */
export function addStateLoss(noun: Command, maker: CommandMaker): void {
  noun
    .command('state-loss')
    .description('Ask that what a preview blocked may be lost: one request for each stack and tenant, two approvals.')
    .requiredOption('--plan <file>', 'the preview’s JSON document')
    .requiredOption('--reason <text>', 'why')
    .option('--tenant <tenant>', 'only the state of this tenant, by id or slug')
    .option('--stack <stack>', 'only of this stack')
    .option('--layer <layer>', 'only of this layer')
    .option('--urn <urn>', 'only this resource')
    .option('--valid-days <number>', 'how long it holds', wholeNumber)
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(maker.does<StateLossOptions>(ask));
}

async function ask(session: Session, options: StateLossOptions): Promise<ExitCode> {
  const plan = await readPlan(options.plan);
  const wanted = wishes(plan, options);
  if (wanted.length === 0)
    throw usageError(
      'nothing_blocked',
      'The plan shows no blocked loss of state that fits.',
      'Look at steps[].blocked of the plan, and at --tenant, --stack, --layer and --urn.',
    );
  const client = session.client();
  const asked: ChangeView[] = [];
  for (const [at, body] of wanted.entries()) {
    const { idempotencyKey } = options;
    const once = onceOnly(idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}:${at}` });
    asked.push(await client.requestStateLoss({ body, ...once }));
  }
  printList(session, asked, ASKED);
  session.note('Each waits for two approvals: bulkhead approvals approve CHANGE --hash HASH');
  return EXIT.ok;
}

async function readPlan(file: string): Promise<Plan> {
  try {
    const plan = JSON.parse(await readFile(file, 'utf8')) as Plan;
    if (Array.isArray(plan.stacks) && typeof plan.planHash === 'string') return plan;
  } catch (error) {
    throw usageError('file_unreadable', `${file} cannot be read as JSON.`, 'Check its name and your rights.', error);
  }
  throw usageError('no_plan', `${file} is no fleet plan.`, 'Make one: bulkhead preview --output json=FILE');
}

function wishes(plan: Plan, options: StateLossOptions): RequestStateLossBody[] {
  const { planHash, head, stacks } = plan;
  const { reason, validDays } = options;
  const common = { planHash, reason, ...(head !== null && { head }), ...(validDays !== undefined && { validDays }) };
  return stacks
    .filter(({ stack }) => options.stack === undefined || stack === options.stack)
    .flatMap(({ stack, tenants, steps }) => {
      const wanted = tenants.find(({ id, slug }) => id === options.tenant || slug === options.tenant)?.id;
      const blocked = steps.filter(
        ({ blocked: why, loss, tenantId, urn }) =>
          why !== undefined &&
          (options.tenant === undefined || (wanted !== undefined && tenantId === wanted)) &&
          (options.layer === undefined || loss?.layer === options.layer) &&
          (options.urn === undefined || urn === options.urn),
      );
      const byTenant = Map.groupBy(blocked, ({ tenantId }) => tenantId);
      return [...byTenant].map(([tenantId, lost]): RequestStateLossBody => {
        const losses = lost.flatMap(({ urn, operation, loss }) => (loss ? [{ urn, operation, ...loss } as Loss] : []));
        return { stack, losses, ...(tenantId !== undefined && { tenantId }), ...common };
      });
    });
}
