import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateFleet, multiplied, writeBundle } from '@bulkhead/preview/testing/generated-fleet';
import { runPreview } from '@bulkhead/preview/testing/run-preview';

// A fleet of 200 tenants with dedicated stacks, whose states are copies of two real ones under ids of their own: once
// with nothing changed, and once with every stack to be run. Prints time and memory; what is bounded fails when it is not.

const TENANTS = 200;
/** Most that the runner itself may take, MiB: it holds no state but those that are being previewed. */
const MOST_MIB = 350;

const figures: Record<string, { seconds: number; stacks: number; mebibytes: number }> = {};
const folder = await mkdtemp(join(tmpdir(), 'bulkhead-fleet-'));
try {
  process.stdout.write('Standing up the stacks that the fleet is copied from…\n');
  const small = await generateFleet();
  const fleet = multiplied(small, TENANTS / 2);
  const unchanged = join(folder, 'unchanged.jsonl');
  const unknown = join(folder, 'unknown.jsonl');
  await writeBundle(unchanged, fleet);
  await writeBundle(unknown, { ...fleet, stacks: fleet.stacks.map((stack) => ({ ...stack, appliedDigest: null })) });
  const bytes = (await readFile(unchanged)).length;
  process.stdout.write(`Bundle of ${fleet.stacks.length} stacks: ${(bytes / 1024 / 1024).toFixed(1)} MiB\n`);
  await measure('nothing changed', unchanged, []);
  await measure('every stack run, 2 at once', unknown, ['--parallel', '2']);
  await writeFile('bench-preview.json', `${JSON.stringify(figures, undefined, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure(what: string, bundle: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runPreview([
    '--bundle',
    bundle,
    '--output',
    `json=${join(folder, 'plan.json')}`,
    ...args,
  ]);
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  process.stdout.write(`${what}: ${last} (exit ${code})\n`);
  const [, stacks, seconds, mebibytes] = /^(\d+) stacks in ([\d.]+) s.* took (\d+) MiB/.exec(last)?.map(Number) ?? [];
  const memory = mebibytes ?? Number.NaN;
  figures[what] = { seconds: seconds ?? Number.NaN, stacks: stacks ?? 0, mebibytes: memory };
  if (code !== 0 || !(memory <= MOST_MIB)) {
    process.stderr.write(`Expected exit 0 and at most ${MOST_MIB} MiB.\n${stderr.slice(0, 2000)}\n`);
    process.exitCode = 2;
  }
}
