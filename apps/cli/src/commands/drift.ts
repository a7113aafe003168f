import type { BulkheadClient, ChangeView, ComparedStackView, DriftFindingView, DriftRunView } from '@bulkhead/client';
import { paginate } from '@bulkhead/client';
import { Option, type Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, printOne, time, type Shape } from '../output/print.js';
import { assertSucceeded, followOperation } from '../progress/follow-operation.js';
import type { Session } from '../session.js';
import { CHANGE } from './change-output.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { findTenantId } from './find-tenant.js';
import { onceOnly, withWaiting, type WaitOptions } from './wait.js';

interface RunOptions extends WaitOptions {
  readonly tenant?: string;
  readonly expectNoChanges?: boolean;
}
interface FindingFilter extends ListOptions {
  readonly state: 'open' | 'resolved' | 'all';
  readonly kind?: 'changed' | 'gone' | 'orphan';
  readonly tenant?: string;
  readonly stack?: string;
}
interface RemedyOptions extends WaitOptions {
  readonly reason: string;
  readonly effectiveOn?: string;
  readonly validDays?: number;
}

const RUN: Shape<DriftRunView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    STATE: ({ state }) => state,
    TENANT: ({ tenantId }) => tenantId,
    STACKS: ({ stacks }) => stacks.length,
    'NOT COMPARED': ({ stacks }) => notCompared(stacks).length,
    ORPHANS: ({ orphans }) => orphans,
    OPERATION: ({ operationId }) => operationId,
    'REQUESTED BY': ({ requestedBy }) => requestedBy,
    CREATED: ({ createdAt }) => time(createdAt),
  },
};

const FINDING_ROW: Shape<DriftFindingView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    KIND: ({ kind }) => kind,
    TENANT: ({ tenantId }) => tenantId,
    STACK: ({ stack }) => stack,
    NAME: ({ name }) => name,
    TYPE: ({ type }) => type,
    DIFFERENCE: ({ properties }) => properties.map(difference).join('; '),
    'FIRST SEEN': ({ firstSeenAt }) => time(firstSeenAt),
  },
};

const FINDING: Shape<DriftFindingView> = {
  name: ({ id }) => id,
  columns: {
    ...FINDING_ROW.columns,
    STATE: ({ state, resolution }) => (resolution === null ? state : `${state} (${resolution})`),
    RESOURCE: ({ resource }) => resource,
    'MADE FOR': ({ owner }) => owner,
    'HOLDS DATA': ({ stateful }) => stateful,
    'NEXT RUN': ({ upshot }) => (upshot === 'same' ? 'leaves it as it is' : `would ${upshot} it`),
    'LAST SEEN': ({ lastSeenAt }) => time(lastSeenAt),
    RESOLVED: ({ resolvedAt }) => time(resolvedAt),
  },
};

export function drift(maker: CommandMaker): Command {
  const noun = maker.noun('drift', 'Where the cloud is not as the last runs left it, and what is done about it.');
  withWaiting(noun.command('run'))
    .description('Compare the cloud with what is recorded of it: the whole fleet, or one tenant.')
    .option('--tenant <tenant>', 'only this tenant, by id or slug')
    .addOption(
      new Option(
        '--expect-no-changes',
        'end with 2 when findings are open, with 1 when a stack was not compared',
      ).implies({
        wait: true,
      }),
    )
    .action(maker.does<RunOptions>(run));
  withPaging(noun.command('list'))
    .description('List findings, newest first.')
    .addOption(new Option('--state <state>', 'only those').choices(['open', 'resolved', 'all']).default('open'))
    .addOption(new Option('--kind <kind>', 'only those').choices(['changed', 'gone', 'orphan']))
    .option('--tenant <tenant>', 'only those of this tenant, by id or slug')
    .option('--stack <stack>', 'only those of this stack')
    .action(maker.does<FindingFilter>(list));
  noun
    .command('get')
    .description('Show one finding.')
    .argument('<finding>', 'id', reference)
    .action(
      maker.does(async (session, _options, id = '') => {
        printOne(session, await session.client().getDriftFinding({ path: { id } }), FINDING);
      }),
    );
  addRemedy(noun, maker, 'repair', 'Ask that what is recorded be put back; of an orphan, that it be deleted.');
  addRemedy(noun, maker, 'adopt', 'Ask that the record be what is there now.');
  return noun;
}

function addRemedy(noun: Command, maker: CommandMaker, verb: 'repair' | 'adopt', summary: string): void {
  noun
    .command(verb)
    .description(summary)
    .argument('<finding>', 'id', reference)
    .requiredOption('--reason <text>', 'why')
    .option('--effective-on <day>', 'first day on which it may be carried out; today by default')
    .option('--valid-days <number>', 'how long the request holds', wholeNumber)
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(maker.does<RemedyOptions>(async (session, options, id = '') => await ask(session, options, id, verb)));
}

async function run(session: Session, options: RunOptions): Promise<ExitCode> {
  const client = session.client();
  const tenantId = options.tenant === undefined ? undefined : await findTenantId(client, options.tenant);
  const body = tenantId === undefined ? {} : { tenantId };
  const { run: started, operation } = await client.runDrift({ body, ...onceOnly(options) });
  if (!options.wait) {
    printOne(session, started, RUN, { run: started, operation });
    session.note(`Started operation ${operation.id}. Afterwards: bulkhead drift list`);
    return EXIT.ok;
  }
  assertSucceeded(await followOperation(session, client, operation.id, options.timeout));
  const ended = await client.getDriftRun({ path: { id: started.id } });
  const findings = await openFindings(client, tenantId);
  if (session.options.output === 'table') {
    if (findings.length > 0) printList(session, findings, FINDING_ROW);
  } else printOne(session, ended, RUN, { run: ended, findings });
  for (const { stack, outcome, why } of notCompared(ended.stacks)) session.note(`${stack}: ${outcome}, ${why}.`);
  session.note(`${ended.id}: ${ended.stacks.length} stacks, ${findings.length} findings are open.`);
  return options.expectNoChanges ? verdict(ended, findings) : EXIT.ok;
}

/** What was not compared is no proof of sameness. */
function verdict({ stacks }: DriftRunView, findings: readonly DriftFindingView[]): ExitCode {
  if (findings.length > 0) return EXIT.changesPending;
  return notCompared(stacks).length > 0 ? EXIT.error : EXIT.ok;
}

function notCompared(stacks: readonly ComparedStackView[]): readonly ComparedStackView[] {
  return stacks.filter(({ outcome }) => outcome !== 'compared');
}

async function openFindings(client: BulkheadClient, tenant: string | undefined): Promise<DriftFindingView[]> {
  const filter = { state: 'open' as const, ...(tenant !== undefined && { tenant }) };
  const findings: DriftFindingView[] = [];
  for await (const one of paginate((page) => client.listDriftFindings({ query: { ...filter, ...page } })))
    findings.push(one);
  return findings;
}

async function list(session: Session, options: FindingFilter): Promise<void> {
  const client = session.client();
  const { state, kind, stack } = options;
  const tenant = options.tenant === undefined ? undefined : await findTenantId(client, options.tenant);
  const filter = {
    ...(state !== 'all' && { state }),
    ...(kind && { kind }),
    ...(stack && { stack }),
    ...(tenant !== undefined && { tenant }),
  };
  await printPages(session, options, FINDING_ROW, (page) =>
    client.listDriftFindings({ query: { ...filter, ...page } }),
  );
}

async function ask(session: Session, options: RemedyOptions, id: string, verb: 'repair' | 'adopt'): Promise<void> {
  const { reason, effectiveOn, validDays } = options;
  const body = { reason, ...(effectiveOn && { effectiveOn }), ...(validDays && { validDays }) };
  const client = session.client();
  const request = { path: { id }, body, ...onceOnly(options) };
  const change: ChangeView = await (verb === 'repair' ? client.repairDrift(request) : client.adoptDrift(request));
  printOne(session, change, CHANGE);
  const { hash, approvalsNeeded } = change;
  session.note(`Waiting for ${approvalsNeeded} approval(s): bulkhead approvals approve ${change.id} --hash ${hash}`);
  session.note(`Then: bulkhead changes apply ${change.id} --hash ${hash}`);
}

function difference({ path, before, after }: DriftFindingView['properties'][number]): string {
  return `${path}: ${before ?? '–'} → ${after ?? '–'}`;
}
