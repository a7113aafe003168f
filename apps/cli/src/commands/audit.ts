import { paginate, type AuditEventView, type PageRequest } from '@bulkhead/client';
import { NoteError, verifyExport, type ExportVerdict } from '@bulkhead/client/audit';
import type { Command } from 'commander';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { collected, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printOne, time, type Shape } from '../output/print.js';
import { refuseExisting, saveWhole } from '../output/save-file.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { addProofs } from './audit-proofs.js';
import { findTenantId } from './find-tenant.js';
import { printFrom, withPaging, type ListOptions } from './list.js';

const EVENT: Shape<AuditEventView> = {
  name: ({ id }) => id,
  columns: {
    INDEX: ({ index }) => index,
    TIME: ({ occurredAt }) => time(occurredAt),
    ACTOR: ({ actor }) => `${actor.kind}:${actor.id}`,
    ACTION: ({ action }) => action,
    OUTCOME: ({ outcome, code }) => (code === null ? outcome : `${outcome} (${code})`),
    SUBJECT: ({ subject }) => subject?.id,
    OPERATION: ({ operationId }) => operationId,
  },
};

const VERDICT: Shape<ExportVerdict> = {
  name: ({ ok }) => (ok ? 'ok' : 'failed'),
  columns: {
    VERDICT: (verdict) => (verdict.ok ? 'what the log has signed' : `FAILED: ${verdict.problem}`),
    LOG: (verdict) => (verdict.ok ? verdict.origin : null),
    ENTRIES: (verdict) => (verdict.ok ? `${verdict.count}, from index ${verdict.from}` : null),
    ROOT: (verdict) => (verdict.ok ? `${verdict.root} at ${verdict.size} entries` : null),
    KEY: (verdict) => (verdict.ok ? verdict.publicKey : null),
    'FIRST BAD INDEX': (verdict) => (verdict.ok ? null : verdict.firstBadIndex),
    REASON: (verdict) => (verdict.ok ? null : verdict.message),
  },
};

interface EventFilter extends ListOptions {
  readonly tenant?: string;
  readonly operation?: string;
  readonly action?: string;
}

interface ExportOptions {
  readonly out?: string;
  readonly from?: number;
  readonly to?: number;
}

interface VerifyOptions {
  readonly key: readonly string[];
  readonly since?: string;
}

export function audit(maker: CommandMaker): Command {
  const noun = maker.noun('audit', 'The signed log of everything that was done.');
  withPaging(noun.command('events'))
    .description('List entries, newest first.')
    .option('--tenant <tenant>', 'only those about this tenant, by id or slug')
    .option('--operation <id>', 'only those of this operation')
    .option('--action <action>', 'only this action, such as tenant.create')
    .action(maker.does<EventFilter>(events));
  noun
    .command('export')
    .description('Save the log, or a range of it, for `audit verify`.')
    .option('--out <file>', 'file to write; stdout otherwise')
    .option('--from <index>', 'first index', wholeNumber)
    .option('--to <index>', 'index after the last one', wholeNumber)
    .action(maker.does<ExportOptions>(exportLog));
  noun
    .command('verify')
    .description('Check an exported log offline: no server is asked.')
    .argument('<file>', 'what `audit export` wrote')
    .requiredOption(
      '--key <key>',
      'public key that you trust, from another source than the export; repeatable',
      collected,
    )
    .option('--since <file>', 'an older checkpoint of the same log, for example from the anchor bucket')
    .action(maker.does<VerifyOptions>(verify));
  addProofs(noun, maker);
  return noun;
}

async function events(session: Session, options: EventFilter): Promise<void> {
  const { operation, action } = options;
  const client = session.client();
  const tenant = options.tenant && (await findTenantId(client, options.tenant));
  const filter = { ...(tenant && { tenant }), ...(operation && { operation }), ...(action && { action }) };
  const list = (page: PageRequest<number>) => client.listAuditEvents({ query: { ...filter, ...page } });
  const cursor = ({ index }: AuditEventView) => index;
  await printFrom(session, options, EVENT, (most) => paginate(list, { most, cursor }));
}

async function exportLog(session: Session, { out, from, to }: ExportOptions): Promise<void> {
  if (out !== undefined) refuseExisting(out);
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  const log = Readable.fromWeb((await session.client().exportAuditLog(range)) as ReadableStream<Uint8Array>);
  if (out === undefined) {
    await pipeline(log, session.terminal.stdout, { end: false });
    return;
  }
  await saveWhole(log, out);
  session.note(`Wrote ${out}. To check it: bulkhead audit verify ${out} --key …`);
}

async function verify(session: Session, { key, since }: VerifyOptions, file = ''): Promise<ExitCode> {
  try {
    const older = since === undefined ? undefined : await readFile(since, 'utf8');
    const input = createReadStream(file, 'utf8');
    await once(input, 'open');
    const verdict = await verifyExport(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), key, older);
    printOne(session, verdict, VERDICT);
    return verdict.ok ? EXIT.ok : EXIT.error;
  } catch (error) {
    if (error instanceof NoteError)
      throw usageError(
        'invalid_key',
        'A --key is no public key of a log.',
        'It looks like <name>+<hash>+<base64>.',
        error,
      );
    const { code, path } = error as NodeJS.ErrnoException;
    if (path === undefined) throw error;
    throw usageError('file_unreadable', `${path} cannot be read (${code}).`, 'Check the name of the file.', error);
  }
}
