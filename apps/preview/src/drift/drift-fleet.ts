import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPreviews, type PlannedStep, type Previews } from '@bulkhead/automation';
import { readingProviders } from '../attached-providers.js';
import { openBundle, type Bundle, type BundledStack } from '../bundle.js';
import { previewError } from '../preview-error.js';
import { listCloud } from './cloud-listing.js';
import { sweep, type SweepFinding } from './sweep.js';

export interface DriftOptions {
  readonly bundle: string;
  /** Ids or slugs; empty means the whole fleet. */
  readonly tenants: readonly string[];
  readonly parallel: number;
  readonly pulumiRoot: string;
  /** Region whose stacks are looked at: the credentials' own. */
  readonly region: string;
  /** Of an emulator; absent means AWS itself. */
  readonly endpoint: string | undefined;
  /** Whether to look for what no live stack has, too. */
  readonly inventory: boolean;
}

export interface StackDrift {
  readonly stack: string;
  readonly tenants: readonly string[];
  /** `changed`: the cloud has other values than the last run left. `gone`: it is not there any more. */
  readonly findings: readonly { readonly kind: 'changed' | 'gone'; readonly step: PlannedStep }[];
  /** Why the stack could not be compared. */
  readonly error?: string;
}

export interface DriftReport {
  readonly stacks: readonly StackDrift[];
  /** Null when it was not asked for. */
  readonly inventory: readonly SweepFinding[] | null;
}

/** Compares the cloud with what the last runs left, with credentials that may read and nothing more. */
export async function driftFleet(options: DriftOptions, onStack: (drift: StackDrift) => void): Promise<DriftReport> {
  const bundle = await openBundle(options.bundle);
  try {
    const stacks = await compare(options, bundle, onStack);
    const listing = () => listCloud(options.region, options.endpoint);
    const inventory = options.inventory ? await sweep(bundle, options.region, listing()) : null;
    return { stacks, inventory };
  } finally {
    await bundle.close();
  }
}

async function compare(
  { tenants, region, endpoint, parallel, pulumiRoot }: DriftOptions,
  bundle: Bundle,
  onStack: (drift: StackDrift) => void,
): Promise<readonly StackDrift[]> {
  const asked = bundle.tenants.filter(({ id, slug }) => tenants.includes(id) || tenants.includes(slug));
  if (tenants.length > 0 && asked.length === 0)
    throw previewError(
      'unknown_tenant',
      `No live tenant of the bundle is ${tenants.join(', ')}.`,
      'List them with: bulkhead tenants list',
    );
  const ids = new Set(asked.map(({ id }) => id));
  const wanted = bundle.stacks.filter(
    ({ tenantIds, request, hasState }) =>
      hasState && request.spec.region === region && (tenants.length === 0 || tenantIds.some((id) => ids.has(id))),
  );
  const pulumiHome = await mkdtemp(join(tmpdir(), 'bulkhead-drift-'));
  const providers = await readingProviders(region, endpoint);
  try {
    const engine = await openPreviews({ pulumiRoot, pulumiHome, providers: providers.ports });
    return await inOrder(wanted, parallel, async (stack) => {
      const drift = await driftOf(engine, bundle, stack);
      onStack(drift);
      return drift;
    });
  } finally {
    await providers.stop();
    await rm(pulumiHome, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function inOrder<T, R>(items: readonly T[], parallel: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}

async function driftOf(engine: Previews, bundle: Bundle, stack: BundledStack): Promise<StackDrift> {
  const slugs = new Map(bundle.tenants.map(({ id, slug }) => [id, slug]));
  const names = { stack: stack.stack, tenants: stack.tenantIds.map((id) => slugs.get(id) ?? id) };
  const state = await bundle.state(stack.stack);
  const { steps, failures, error } = await engine.drift(stack.request, state ?? { resources: [], pending: 0 });
  const failed = error ?? failures.map(({ name, message }) => `${name}: ${message}`).join(' ');
  const findings = steps.map((step) => ({
    kind: step.operation === 'delete' ? ('gone' as const) : ('changed' as const),
    step,
  }));
  return { ...names, findings, ...(failed && { error: failed }) };
}
