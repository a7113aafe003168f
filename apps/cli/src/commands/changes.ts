import { readFile } from 'node:fs/promises';
import type { CreateQuoteBody, ImportedRow } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { CHANGE, CHANGE_ROW } from './change-output.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { printQuote } from './quote-output.js';
import { addStateLoss } from './state-loss.js';
import { findTenant, findTenantId } from './find-tenant.js';
import { finish, onceOnly, withWaiting, type WaitOptions } from './wait.js';

interface QuoteOptions extends WaitOptions, Omit<CreateQuoteBody, 'tenantId'> {
  readonly tenant: string;
}
interface CreateOptions extends WaitOptions {
  readonly quote: string;
  readonly hash: string;
  readonly reason: string;
  readonly contactEmail?: string;
  readonly dryRun?: boolean;
}
interface HashOptions extends WaitOptions {
  readonly hash: string;
}

const ROW: Shape<ImportedRow> = {
  name: ({ change }) => change?.id ?? '',
  columns: {
    LINE: ({ line }) => line,
    OUTCOME: ({ outcome }) => outcome,
    CHANGE: ({ outcome, change }) => (outcome === 'created' ? change?.id : undefined),
    TENANT: ({ change }) => change?.tenantId,
    WHY: ({ error }) => error && `${error.code}: ${error.message}`,
  },
};

const HEADING = 'tenant,tier,plan,quantity,effective_on,reason,contact_email';

const once = (command: Command): Command =>
  command.option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once');

export function changes(maker: CommandMaker): Command {
  const noun = maker.noun('changes', 'Change requests: quote, ask, schedule, apply.');
  addAsking(noun, maker);
  addReading(noun, maker);
  addStateLoss(noun, maker);
  once(noun.command('schedule'))
    .description('Have an approved request applied on the day that was quoted.')
    .argument('<change>', 'id', reference)
    .requiredOption('--hash <hash>', 'hash of the quote that was approved')
    .action(
      maker.does<HashOptions>(async (session, options, id = '') => {
        const body = { quoteHash: options.hash };
        printOne(
          session,
          await session.client().scheduleChangeRequest({ path: { id }, body, ...onceOnly(options) }),
          CHANGE,
        );
      }),
    );
  once(noun.command('cancel'))
    .description('Take a request back, unless it is being applied.')
    .argument('<change>', 'id', reference)
    .action(
      maker.does<WaitOptions>(async (session, options, id = '') => {
        printOne(
          session,
          await session.client().cancelChangeRequest({ path: { id }, body: {}, ...onceOnly(options) }),
          CHANGE,
        );
      }),
    );
  withWaiting(noun.command('apply'))
    .description('Carry out what was approved; refused when the tenant has changed since the quote.')
    .argument('<change>', 'id', reference)
    .requiredOption('--hash <hash>', 'hash of the quote that was approved')
    .action(maker.does<HashOptions>(apply));
  return noun;
}

function addAsking(noun: Command, maker: CommandMaker): void {
  once(noun.command('quote'))
    .description('Say what a change of plan or tier would mean, and keep it as a quote.')
    .requiredOption('--tenant <tenant>', 'id or slug')
    .option('--tier <tier>', 'published tier; the present one by default')
    .option('--plan <plan>', 'published plan; the present one by default')
    .option('--quantity <number>', 'billed units; as many as now by default', wholeNumber)
    .option('--effective-on <day>', 'day on which it takes effect; today by default')
    .option('--valid-days <number>', 'how long the quote holds', wholeNumber)
    .action(maker.does<QuoteOptions>(quote));
  once(noun.command('create'))
    .description('Ask for what a quote says.')
    .requiredOption('--quote <id>', 'the quote')
    .requiredOption('--hash <hash>', 'its hash: what is asked for is what was read')
    .requiredOption('--reason <text>', 'why')
    .option('--contact-email <address>', 'told about each step, without prices')
    .option('--dry-run', 'check everything and ask for nothing; exit code 2 when it could be asked for')
    .action(maker.does<CreateOptions>(create));
  once(noun.command('import'))
    .description('Ask for what a CSV file says, with a result for each row.')
    .argument('<file>', `heading: ${HEADING}`, reference)
    .option('--dry-run', 'check every row and ask for nothing; exit code 2')
    .action(maker.does<WaitOptions & { dryRun?: boolean }>(importFile));
}

function addReading(noun: Command, maker: CommandMaker): void {
  withPaging(noun.command('list'))
    .description('List change requests, newest first.')
    .option('--state <state>', 'only those in this state')
    .option('--tenant <tenant>', 'only those for this tenant, by id or slug')
    .action(
      maker.does<ListOptions & { state?: string; tenant?: string }>(async (session, options) => {
        const client = session.client();
        const { state } = options;
        const tenant = options.tenant && (await findTenantId(client, options.tenant));
        const filter = { ...(state && { state }), ...(tenant && { tenant }) } as object;
        await printPages(session, options, CHANGE_ROW, (page) =>
          client.listChangeRequests({ query: { ...filter, ...page } }),
        );
      }),
    );
  noun
    .command('get')
    .description('Show one change request.')
    .argument('<change>', 'id', reference)
    .action(
      maker.does(async (session, _options, id = '') => {
        printOne(session, await session.client().getChangeRequest({ path: { id } }), CHANGE);
      }),
    );
}

async function quote(session: Session, options: QuoteOptions): Promise<void> {
  const client = session.client();
  const { tenant, tier, plan, quantity, effectiveOn, validDays } = options;
  const { id: tenantId } = await findTenant(client, tenant);
  const body = {
    tenantId,
    ...(tier !== undefined && { tier }),
    ...(plan !== undefined && { plan }),
    ...(quantity !== undefined && { quantity }),
    ...(effectiveOn !== undefined && { effectiveOn }),
    ...(validDays !== undefined && { validDays }),
  };
  const made = await client.createQuote({ body, ...onceOnly(options) });
  printQuote(session, made);
  session.note(`To ask for it: bulkhead changes create --quote ${made.id} --hash ${made.hash} --reason …`);
}

async function create(session: Session, options: CreateOptions): Promise<ExitCode> {
  const { quote: quoteId, hash: quoteHash, reason, contactEmail, dryRun } = options;
  const body = { quoteId, quoteHash, reason, ...(contactEmail && { contactEmail }) };
  const query = dryRun ? { query: { dry_run: 'true' as const } } : {};
  const client = session.client();
  const answer = await client.createChangeRequest({ body, ...onceOnly(options), ...query });
  if ('dryRun' in answer) {
    const preview = { ...answer.change, id: '', createdAt: '', closedAt: null };
    printOne(session, preview, CHANGE, answer);
    session.note('Dry run: everything was checked and nothing was asked for.');
    return EXIT.changesPending;
  }
  printOne(session, answer.change, CHANGE, answer);
  if (answer.statusPath) session.note(`For the customer, shown this once: ${client.baseUrl}${answer.statusPath}`);
  const { id, hash, approvalsNeeded } = answer.change;
  session.note(`Waiting for ${approvalsNeeded} approval(s): bulkhead approvals approve ${id} --hash ${hash}`);
  return EXIT.ok;
}

async function importFile(session: Session, options: WaitOptions & { dryRun?: boolean }, file = ''): Promise<ExitCode> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw usageError('file_unreadable', `${file} cannot be read.`, 'Check its name and your rights.', error);
  });
  if (bytes.toString().trim() === '')
    throw usageError('file_empty', `${file} is empty.`, `Its first line is the heading: ${HEADING}`);
  const query = options.dryRun ? { query: { dry_run: 'true' as const } } : {};
  const body = { csvBase64: bytes.toString('base64') };
  const client = session.client();
  const { rows } = await client.importChangeRequests({ body, ...onceOnly(options), ...query });
  printList(session, rows, ROW);
  for (const { line, statusPath } of rows)
    if (statusPath !== null)
      session.note(`Line ${line}, for the customer, shown this once: ${client.baseUrl}${statusPath}`);
  const refused = rows.filter(({ outcome }) => outcome === 'refused').length;
  if (refused > 0) session.note(`${refused} of ${rows.length} rows were refused.`);
  if (refused > 0) return EXIT.error;
  return options.dryRun ? EXIT.changesPending : EXIT.ok;
}

async function apply(session: Session, options: HashOptions, id = ''): Promise<void> {
  const client = session.client();
  const body = { quoteHash: options.hash };
  const { change, operation } = await client.applyChangeRequest({ path: { id }, body, ...onceOnly(options) });
  await finish(session, client, operation.id, options, async (ended) => {
    const latest = ended ? await client.getChangeRequest({ path: { id } }) : change;
    printOne(session, latest, CHANGE, { change: latest, operation: ended ?? operation });
  });
}
