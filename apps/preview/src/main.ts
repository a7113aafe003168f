import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError } from '@bulkhead/kernel';
import { Command, InvalidArgumentError } from 'commander';
import { toJunit } from './output/junit.js';
import { toMarkdown } from './output/markdown.js';
import { toPlanFile } from './output/plan-file.js';
import { toSarif } from './output/sarif.js';
import { previewFleet, REPOSITORY, type PreviewOptions } from './preview-fleet.js';
import { previewError } from './preview-error.js';
import { Progress } from './progress.js';
import { findPulumi } from './pulumi-root.js';
import { exitCode, type FleetReport } from './report.js';

const FORMATS: Readonly<Record<string, (report: FleetReport) => string>> = {
  markdown: (report) => toMarkdown(report),
  sarif: (report) => `${JSON.stringify(toSarif(report), undefined, 2)}\n`,
  junit: toJunit,
  json: (report) => `${JSON.stringify(toPlanFile(report), undefined, 2)}\n`,
};
const MIB = 1024;

interface Output {
  readonly format: string;
  /** Absent means stdout. */
  readonly file?: string;
}

interface Options {
  readonly bundle: string;
  readonly templates: string;
  readonly base?: string;
  readonly tenant: readonly string[];
  readonly parallel: number;
  readonly output: readonly Output[];
}

function output(text: string, before: readonly Output[]): readonly Output[] {
  const [, format = '', file] = /^([a-z]+)(?:=(.+))?$/.exec(text) ?? [];
  if (!Object.hasOwn(FORMATS, format))
    throw new InvalidArgumentError(`Write ${Object.keys(FORMATS).join(', ')}, each with =FILE if it goes to a file.`);
  return [...before, { format, ...(file !== undefined && { file }) }];
}

function several(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function atOnce(text: string): number {
  if (!/^(?:[1-9]|[1-5]\d|6[0-4])$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 64.');
  return Number(text);
}

const program = new Command('bulkhead preview')
  .description('What the working tree would do to every live stack. Needs no credentials and no network.')
  .requiredOption('--bundle <file>', 'fleet bundle, as `bulkhead fleet bundle` makes it')
  .option('--templates <folder>', 'tenant templates', join(REPOSITORY, 'tenant-templates'))
  .option('--base <commit>', 'preview only what changed since this commit')
  .option('--tenant <id>', 'only this tenant, by id or slug; repeatable', several, [])
  .option('--parallel <number>', 'previews at once', atOnce, 2)
  .option('--output <format[=file]>', `${Object.keys(FORMATS).join(', ')}; repeatable; markdown by default`, output, [])
  .action(run);

async function run(options: Options): Promise<void> {
  const started = performance.now();
  const progress = new Progress(process.stderr);
  const { bundle, templates, base, tenant, parallel } = options;
  const wanted: PreviewOptions = {
    ...{ bundle, templates, base, parallel },
    tenants: tenant,
    pulumiRoot: await findPulumi(process.env),
  };
  const report = await previewFleet(wanted, progress);
  const outputs = options.output.length > 0 ? options.output : [{ format: 'markdown' }];
  for (const { format, file } of outputs) {
    const text = FORMATS[format]?.(report) ?? '';
    if (file === undefined) process.stdout.write(text);
    else await save(file, text);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const memory = Math.round(process.resourceUsage().maxRSS / MIB);
  progress.note(
    `${report.stacks.length} stacks in ${seconds} s, ${parallel} at once; this process took ${memory} MiB.`,
  );
  process.exitCode = exitCode(report);
}

/** @throws BulkheadError `file_unwritable` (422). */
async function save(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: NodeJS.ErrnoException) => {
    const remedy = 'Check that its folder is there, that you may write to it, and that the disk is not full.';
    throw previewError('file_unwritable', `${file} cannot be written (${cause.code}).`, remedy, { cause });
  });
}

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof BulkheadError;
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  // The sentence may have the first of them already.
  const more = known ? error.errors.filter(({ message }) => !error.message.includes(message)) : [];
  for (const { message } of more) process.stderr.write(`  ${message}\n`);
  if (known) process.stderr.write(`${error.remediation}\n`);
  process.exitCode = 1;
}
