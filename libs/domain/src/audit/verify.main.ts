import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { verifyExport } from './verify-export.js';

const USAGE = `Checks an exported audit log offline.

  node verify.main.js <export.jsonl> --key <public key> [--key <another>] [--since <checkpoint file>]

  --key    <name>+<hash>+<base64>, obtained from a source other than the export
  --since  an older checkpoint of the same log, for example from the anchor bucket

Exit code 0: the log is what was signed. 1: it is not. 2: it could not be checked.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: { type: 'string', multiple: true }, since: { type: 'string' }, help: { type: 'boolean' } },
  });
  const [file] = positionals;
  if (values.help || file === undefined || positionals.length > 1 || !values.key) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const since = values.since === undefined ? undefined : await readFile(values.since, 'utf8');
  const input = createReadStream(file, 'utf8');
  const opened = new Promise<void>((resolve, reject) => void input.once('open', () => resolve()).once('error', reject));
  await opened;
  const verdict = await verifyExport(createInterface({ input, crlfDelay: Infinity }), values.key, since);
  if (!verdict.ok) {
    const where = verdict.firstBadIndex === null ? '' : `first bad index: ${verdict.firstBadIndex}\n`;
    process.stderr.write(`FAILED ${verdict.problem}\n${where}${verdict.message}.\n`);
    return 1;
  }
  process.stdout.write(
    `OK\nlog:     ${verdict.origin}\nentries: ${verdict.count}, from index ${verdict.from}\n` +
      `root:    ${verdict.root} at ${verdict.size} entries\nkey:     ${verdict.publicKey}\n`,
  );
  return 0;
}

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`Could not check the export: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
