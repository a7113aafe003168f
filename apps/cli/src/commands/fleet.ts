import { paginate, type BulkheadClient, type FleetStackView, type PageRequest } from '@bulkhead/client';
import type { Command } from 'commander';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CommandMaker } from '../command.js';
import { refuseExisting, saveWhole } from '../output/save-file.js';
import type { Session } from '../session.js';
import { addPlans } from './fleet-plans.js';

/** Version of the format; a runner refuses another one. */
const FORMAT = 1;
/** Stacks that are asked for at once: their states are large, and only one page is in memory. */
const STACKS_AT_ONCE = 20;

interface BundleOptions {
  readonly out?: string;
}

export function fleet(maker: CommandMaker): Command {
  const noun = maker.noun('fleet', 'Every live stack, as CI may know it.');
  noun
    .command('bundle')
    .description('Save specifications and states of the fleet, without secrets, for `preview --bundle`.')
    .option('--out <file>', 'file to write; stdout otherwise')
    .action(maker.does<BundleOptions>(bundle));
  addPlans(noun, maker);
  return noun;
}

async function bundle(session: Session, { out }: BundleOptions): Promise<void> {
  if (out !== undefined) refuseExisting(out);
  const lines = Readable.from(bundleLines(session.client()));
  if (out === undefined) {
    await pipeline(lines, session.terminal.stdout, { end: false });
    return;
  }
  await saveWhole(lines, out, 0o600);
  session.note(`Wrote ${out}. To preview with it: bulkhead preview --bundle ${out}`);
}

/** Saves the fleet of a session's API. */
export async function saveBundle(session: Session, file: string): Promise<void> {
  await saveWhole(Readable.from(bundleLines(session.client())), file, 0o600);
}

/** The bundle as JSON Lines, page by page: a header, tiers, tenants, approved losses, stacks, and an end that says how many there are. */
async function* bundleLines(client: BulkheadClient): AsyncGenerator<string, void> {
  const line = (kind: string, value: object): string => `${JSON.stringify({ kind, ...value })}\n`;
  yield line('bulkhead-fleet', { format: FORMAT, createdAt: new Date().toISOString(), source: client.baseUrl });
  const counts = { tiers: 0, tenants: 0, stacks: 0 };
  for (const { name } of (await client.listTiers()).data) {
    for (const { version, digest } of (await client.getTier({ path: { name } })).versions) {
      counts.tiers++;
      yield line('tier', { name, version, digest });
    }
  }
  for await (const tenant of paginate((page) => client.listFleetTenants({ query: page }))) {
    counts.tenants++;
    yield line('tenant', { ...tenant });
  }
  for await (const approved of paginate((page) => client.listApprovedLosses({ query: page }))) {
    yield line('approved-loss', { ...approved });
  }
  const cursor = ({ stack }: FleetStackView) => stack;
  const list = (page: PageRequest) => client.listFleetStacks({ query: { ...page, limit: STACKS_AT_ONCE } });
  for await (const stack of paginate(list, { cursor })) {
    counts.stacks++;
    yield line('stack', { ...stack });
  }
  yield line('end', counts);
}
