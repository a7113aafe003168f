import { createHash } from 'node:crypto';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Entitlements, entitlementSet, type EntitledTenant, type EntitlementSet } from '@bulkhead/tenancy';
import { compare, type Comparison } from './paired.js';
import { report, save } from './report.js';

// What it costs to ask whether a tenant may use a module. Usage: node entitlements.bench.js [pairs] [file for the JSON]

const [pairs = '400', file = 'bench-entitlements.json'] = process.argv.slice(2);
const SIZES = [1_000, 100_000, 1_000_000] as const;
/** Checks of one run. */
const CHECKS = 20_000;
/** Tenants that one process works for within a short time, spread over the whole fleet. */
const ACTIVE = 1_000;
const MODULES = ['scheduling', 'charting', 'patient-portal', 'claims', 'reporting'];
const SETS = Array.from({ length: 30 }, (_, n) =>
  entitlementSet(MODULES.slice(0, 1 + (n % 5)), { providers: n, storageGb: 100, apiRequestsPerMinute: 300 }),
);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** An id with an end as random as a real one's; a flat string of its own each time, as drivers and parsers make them. */
function tenant(n: number): string {
  const random = createHash('sha256').update(String(n)).digest('hex').slice(0, 20);
  return Buffer.from(`ten_0192aaaabbbb${random}`).toString('latin1');
}

function rowsOf(size: number): EntitledTenant[] {
  return Array.from({ length: size }, (_, n) => ({
    tenantId: tenant(n),
    set: SETS[n % SETS.length] as EntitlementSet,
  }));
}

interface Fleet {
  readonly size: number;
  readonly entitlements: Entitlements;
  readonly map: ReadonlyMap<string, EntitlementSet>;
  readonly bytesPerTenant: number;
  /** Tenants to be asked for: anybody, and those that are active. */
  readonly anybody: readonly string[];
  readonly active: readonly string[];
}

async function openFleet(size: number): Promise<Fleet> {
  collect();
  const before = process.memoryUsage().heapUsed;
  const entitlements = await Entitlements.open({
    open: async () => ({
      changesSince: async (cursor) => ({ rows: cursor === undefined ? rowsOf(size) : [], cursor: 'all' }),
      close: async () => undefined,
    }),
  });
  collect();
  const bytesPerTenant = (process.memoryUsage().heapUsed - before) / size;
  const map = new Map(rowsOf(size).map(({ tenantId, set }) => [tenantId, set] as const));
  const anybody = Array.from({ length: CHECKS }, () => tenant(Math.floor(Math.random() * size)));
  const active = Array.from({ length: CHECKS }, () =>
    tenant(Math.floor((Math.floor(Math.random() * ACTIVE) * size) / ACTIVE)),
  );
  return { size, entitlements, map, bytesPerTenant, anybody, active };
}

let seen = 0;

function checks(entitlements: Entitlements, tenants: readonly string[]): () => Promise<void> {
  return async () => {
    let allowed = 0;
    for (let n = 0; n < CHECKS; n++) if (entitlements.allows(tenants[n] as string, 'claims')) allowed++;
    seen += allowed;
  };
}

function lookups(map: ReadonlyMap<string, EntitlementSet>, tenants: readonly string[]): () => Promise<void> {
  return async () => {
    let found = 0;
    for (let n = 0; n < CHECKS; n++) if (map.get(tenants[n] as string) !== undefined) found++;
    seen += found;
  };
}

function comparisons(fleets: readonly Fleet[]): Comparison[] {
  const common = { repeats: 1, operations: CHECKS };
  const [small, , large] = fleets as [Fleet, Fleet, Fleet];
  const asked = checks(small.entitlements, small.active);
  return [
    { name: 'A/A control, checks', subject: asked, against: asked, ...common },
    ...fleets.flatMap(({ size, entitlements, map, anybody, active }) => [
      {
        name: `${size} tenants, active ones: check ÷ bare Map lookup`,
        subject: checks(entitlements, active),
        against: lookups(map, active),
        limit: 2,
        ...common,
      },
      {
        name: `${size} tenants, anybody: check ÷ bare Map lookup`,
        subject: checks(entitlements, anybody),
        against: lookups(map, anybody),
        limit: 2,
        ...common,
      },
    ]),
    {
      name: 'check, 1,000 active: 10^6 tenants ÷ 10^3',
      subject: checks(large.entitlements, large.active),
      against: asked,
      limit: 1.15,
      ...common,
    },
    {
      name: 'bare Map lookup, 1,000 active: 10^6 tenants ÷ 10^3',
      subject: lookups(large.map, large.active),
      against: lookups(small.map, small.active),
      ...common,
    },
    {
      name: 'check, anybody: 10^6 tenants ÷ 10^3 (memory, not code)',
      subject: checks(large.entitlements, large.anybody),
      against: asked,
      ...common,
    },
  ];
}

/** Bytes that a check allocates: what the heap grew by, with no collection in between that could have hidden it. */
async function bytesPerCall(run: () => Promise<void>): Promise<{ bytes: number; collections: number }> {
  const RUNS = 500;
  for (let n = 0; n < 200; n++) await run();
  collect();
  await turn();
  let collections = 0;
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < RUNS; n++) await run();
  const grown = process.memoryUsage().heapUsed - before;
  await turn();
  await turn();
  observer.disconnect();
  return { bytes: Math.max(0, grown) / (RUNS * CHECKS), collections };
}

process.stderr.write('Making fleets of up to a million tenants...\n');
const fleets: Fleet[] = [];
for (const size of SIZES) fleets.push(await openFleet(size));
const memory = fleets.map(({ size, bytesPerTenant }) => ({ tenants: size, bytesPerTenant, limit: 200 }));
const { entitlements: asked, map, active } = fleets[0] as Fleet;
const allocation = {
  check: await bytesPerCall(checks(asked, active)),
  lookup: await bytesPerCall(lookups(map, active)),
};
const results = await compare(comparisons(fleets), Number(pairs));
report(results);
for (const { tenants, bytesPerTenant, limit } of memory) {
  const verdict = bytesPerTenant <= limit ? 'met' : 'MISSED';
  process.stdout.write(`memory, ${tenants} tenants: ${bytesPerTenant.toFixed(0)} bytes each  ${limit} ${verdict}\n`);
}
const { check, lookup } = allocation;
// What the loop and the process around it allocate is in both.
const free = check.bytes - lookup.bytes < 0.5 && check.collections <= lookup.collections;
process.stdout.write(
  `allocated: check ${check.bytes.toFixed(2)} bytes, bare Map lookup ${lookup.bytes.toFixed(2)} bytes  ${free ? 'met' : 'MISSED'}\n`,
);
await save(file, { checked: seen, memory, allocation, results });
for (const { entitlements } of fleets) await entitlements.close();
