import type { OperationAccepted, OperationDetail, OperationView, StepView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, printOne, time, type Shape } from '../output/print.js';
import { failureOf, stepNote, took } from '../progress/describe-step.js';
import { assertSucceeded, followOperation } from '../progress/follow-operation.js';
import type { Session } from '../session.js';
import { findTenantId } from './find-tenant.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { onceOnly, timeoutOption, withWaiting, type WaitOptions } from './wait.js';

const OPERATION: Shape<OperationView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    KIND: ({ kind }) => kind,
    SUBJECT: ({ subjectId }) => subjectId,
    STATE: ({ state }) => state,
    'REQUESTED BY': ({ requestedBy }) => requestedBy,
    CREATED: ({ createdAt }) => time(createdAt),
    FINISHED: ({ finishedAt }) => time(finishedAt),
  },
};

const DETAIL: Shape<OperationDetail> = {
  name: OPERATION.name,
  columns: {
    ...OPERATION.columns,
    ERROR: (operation) => failureOf(operation)?.message,
    REMEDIATION: (operation) => failureOf(operation)?.remediation,
  },
};

const STEP: Shape<StepView> = {
  name: ({ name }) => name,
  columns: {
    STEP: ({ name }) => name,
    STATE: ({ state }) => state,
    ATTEMPT: ({ attempt }) => attempt,
    TOOK: ({ startedAt, finishedAt }) =>
      took(startedAt, finishedAt)
        .replaceAll(/[ ()]+/g, ' ')
        .trim(),
    NOTE: stepNote,
  },
};

const ACCEPTED: Shape<OperationAccepted> = {
  name: ({ id }) => id,
  columns: { ID: ({ id }) => id, STATE: ({ state }) => state },
};

interface OperationFilter extends ListOptions {
  readonly state?: OperationView['state'];
  readonly tenant?: string;
  readonly kind?: string;
}

export function operations(maker: CommandMaker): Command {
  const noun = maker.noun('operations', 'Work that outlives a request.');
  withPaging(noun.command('list'))
    .description('List operations, newest first.')
    .option('--state <state>', 'only those in this state, such as needs_attention')
    .option('--tenant <tenant>', 'only those of this tenant, by id or slug')
    .option('--kind <kind>', 'only those of this kind, such as tenant.onboard')
    .action(maker.does<OperationFilter>(list));
  verb(noun, 'get', 'Show one operation with its steps.').action(
    maker.does(async (session, _options, id = '') => {
      printDetail(session, await session.client().getOperation({ path: { id } }));
    }),
  );
  verb(noun, 'watch', 'Show the progress until it is over; fails when the operation does.')
    .addOption(timeoutOption())
    .action(maker.does<WaitOptions>(watch));
  withWaiting(verb(noun, 'retry', 'Try the failed step again, once its cause was mended.')).action(
    maker.does<WaitOptions>(async (session, options, id = '') => await change(session, options, id, 'retryOperation')),
  );
  withWaiting(verb(noun, 'cancel', 'Stop an operation and undo what it has done.')).action(
    maker.does<WaitOptions>(async (session, options, id = '') => await change(session, options, id, 'cancelOperation')),
  );
  return noun;
}

function verb(noun: Command, name: string, summary: string): Command {
  return noun.command(name).description(summary).argument('<operation>', 'id', reference);
}

async function list(session: Session, options: OperationFilter): Promise<void> {
  const { state, kind } = options;
  const client = session.client();
  const tenant = options.tenant && (await findTenantId(client, options.tenant));
  const filter = { ...(state && { state }), ...(tenant && { tenant }), ...(kind && { kind }) };
  await printPages(session, options, OPERATION, (page) => client.listOperations({ query: { ...filter, ...page } }));
}

async function watch(session: Session, { timeout }: WaitOptions, id = ''): Promise<void> {
  const ended = await followOperation(session, session.client(), id, timeout);
  printDetail(session, ended);
  assertSucceeded(ended);
}

async function change(
  session: Session,
  options: WaitOptions,
  id: string,
  action: 'retryOperation' | 'cancelOperation',
): Promise<void> {
  const client = session.client();
  const accepted = await client[action]({ path: { id }, ...onceOnly(options), body: {} });
  if (!options.wait) {
    printOne(session, accepted, ACCEPTED);
    session.note(`To follow it: bulkhead operations watch ${id}`);
    return;
  }
  const ended = await followOperation(session, client, id, options.timeout);
  printDetail(session, ended);
  // A cancelled operation is what was asked for here.
  if (action === 'retryOperation' || ended.state !== 'cancelled') assertSucceeded(ended);
}

function printDetail(session: Session, operation: OperationDetail): void {
  printOne(session, operation, DETAIL);
  if (session.options.output !== 'table' || operation.steps.length === 0) return;
  session.terminal.stdout.write('\n');
  printList(session, operation.steps, STEP);
}
