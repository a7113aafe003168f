import type { CheckpointView, ConsistencyProofView, InclusionProofView } from '@bulkhead/client';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne, time, type Shape } from '../output/print.js';
import { refuseExisting, saveWhole } from '../output/save-file.js';
import type { Session } from '../session.js';

const CHECKPOINT: Shape<CheckpointView> = {
  name: ({ root }) => root,
  columns: {
    ENTRIES: ({ size }) => size,
    ROOT: ({ root }) => root,
    SIGNED: ({ signedAt }) => time(signedAt),
    ANCHORED: ({ anchoredAt }) => time(anchoredAt),
    WHERE: ({ anchorRef }) => anchorRef,
  },
};

const INCLUSION: Shape<InclusionProofView> = {
  name: ({ leafHash }) => leafHash,
  columns: {
    INDEX: ({ index }) => index,
    ENTRIES: ({ size }) => size,
    'LEAF HASH': ({ leafHash }) => leafHash,
    ROOT: ({ root }) => root,
    HASHES: ({ hashes }) => hashes.join(' '),
  },
};

const CONSISTENCY: Shape<ConsistencyProofView> = {
  name: ({ first, second }) => `${first}..${second}`,
  columns: {
    FIRST: ({ first }) => first,
    SECOND: ({ second }) => second,
    HASHES: ({ hashes }) => hashes.join(' '),
  },
};

/** Adds what a verifier of one's own asks for: the signed checkpoint, and proofs against it. */
export function addProofs(audit: Command, maker: CommandMaker): void {
  audit
    .command('checkpoint')
    .description('Show the newest signed state of the log.')
    .option('--out <file>', 'save the signed note, for `audit verify --since` later')
    .action(maker.does<{ out?: string }>(checkpoint));
  audit
    .command('inclusion')
    .description('Show the hashes that prove that an entry is in the log.')
    .argument('<index>', 'of the entry', wholeNumber)
    .option('--size <entries>', 'state of the log; the newest by default', wholeNumber)
    .action(
      maker.does<{ size?: number }>(async (session, { size }, index) => {
        const query = { index: Number(index), ...(size !== undefined && { size }) };
        printOne(session, await session.client().proveAuditInclusion({ query }), INCLUSION);
      }),
    );
  audit
    .command('consistency')
    .description('Show the hashes that prove that nothing was taken out between two states of the log.')
    .argument('<first>', 'entries then', wholeNumber)
    .argument('<second>', 'entries later', wholeNumber)
    .action(
      maker.does(async (session, _options, first, second) => {
        const query = { first: Number(first), second: Number(second) };
        printOne(session, await session.client().proveAuditConsistency({ query }), CONSISTENCY);
      }),
    );
}

async function checkpoint(session: Session, { out }: { out?: string }): Promise<void> {
  if (out !== undefined) refuseExisting(out);
  const newest = await session.client().getAuditCheckpoint();
  printOne(session, newest, CHECKPOINT);
  if (out === undefined) return;
  await saveWhole(Readable.from([newest.note]), out);
  session.note(`Wrote ${out}. Later: bulkhead audit verify <export> --since ${out} --key …`);
}
