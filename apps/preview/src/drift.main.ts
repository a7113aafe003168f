import { BulkheadError } from '@bulkhead/kernel';
import { Command } from 'commander';
import { driftFleet, type DriftReport, type StackDrift } from './drift/drift-fleet.js';
import { previewError } from './preview-error.js';
import { findPulumi } from './pulumi-root.js';

interface Options {
  readonly bundle: string;
  readonly tenant: readonly string[];
  readonly parallel: string;
  readonly inventory?: boolean;
  readonly expectNoChanges?: boolean;
  readonly output: string;
}

const program = new Command('bulkhead drift')
  .description(
    'Where the cloud differs from what the last runs left. Nothing is changed; AWS credentials that may read are enough.',
  )
  .requiredOption('--bundle <file>', 'fleet bundle, as `bulkhead fleet bundle` makes it')
  .option(
    '--tenant <id>',
    'only this tenant, by id or slug; repeatable',
    (text: string, before: readonly string[]) => [...before, text],
    [],
  )
  .option('--parallel <number>', 'stacks at once', '2')
  .option('--inventory', 'look too for resources that no live stack has')
  .option('--expect-no-changes', 'end with 2 when anything differs')
  .option('--output <format>', 'table or json', 'table')
  .action(run);

async function run({
  bundle,
  tenant,
  parallel,
  inventory = false,
  expectNoChanges = false,
  output,
}: Options): Promise<void> {
  const { AWS_REGION: region, AWS_ENDPOINT_URL: endpoint } = process.env;
  if (!region)
    throw previewError('no_region', 'AWS_REGION is not set.', 'Set it to the region whose stacks are compared.');
  const atOnce = Number(parallel);
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 64)
    throw previewError('bad_number', '--parallel must be a number from 1 to 64.', 'Leave it out for 2.');
  const pulumiRoot = await findPulumi(process.env);
  const options = { bundle, tenants: tenant, parallel: atOnce, pulumiRoot, region, endpoint, inventory };
  const report = await driftFleet(options, (drift) => process.stderr.write(`${progress(drift)}\n`));
  process.stdout.write(output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : table(report));
  process.exitCode = exitCode(report, expectNoChanges);
}

/** What could not be compared is no proof of sameness: an error, whatever else was found. */
function exitCode({ stacks, inventory }: DriftReport, expectNoChanges: boolean): number {
  if (stacks.some(({ error }) => error !== undefined)) return 1;
  const differs = stacks.some(({ findings }) => findings.length > 0) || (inventory ?? []).length > 0;
  return differs && expectNoChanges ? 2 : 0;
}

function progress({ stack, tenants, findings, error }: StackDrift): string {
  const whose = tenants.length === 1 ? ` (${tenants[0]})` : '';
  return `${stack}${whose}: ${error ?? (findings.length === 0 ? 'as it was left' : `${findings.length} differ`)}`;
}

function table({ stacks, inventory }: DriftReport): string {
  const drifts = stacks.flatMap(({ stack, tenants, findings }) =>
    findings.flatMap(({ kind, step: { type, name, properties } }) => {
      const head = `${kind.padEnd(8)} ${tenants.length === 1 ? tenants[0] : stack}  ${name} (${type})`;
      return [
        head,
        ...properties.map(({ path, before = '–', after = '–' }) => `           ${path}: ${before} → ${after}`),
      ];
    }),
  );
  const swept = (inventory ?? []).map(
    ({ kind, type, id, stack }) => `${kind.padEnd(8)} ${stack || '(no stack)'}  ${id} (${type})`,
  );
  const lines = [...drifts, ...swept];
  return lines.length === 0 ? 'Nothing differs.\n' : `${lines.join('\n')}\n`;
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof BulkheadError) process.stderr.write(`${error.remediation}\n`);
  process.exitCode = 1;
}
