import type { Bundle } from '../bundle.js';
import type { CloudResource } from './cloud-listing.js';

/** Types that the sweep lists: what holds data or gives access. */
export const SWEPT_TYPES: ReadonlySet<string> = new Set([
  'aws:s3/bucket:Bucket',
  'aws:sqs/queue:Queue',
  'aws:kms/key:Key',
  'aws:secretsmanager/secret:Secret',
  'aws:rds/instance:Instance',
  'aws:iam/role:Role',
]);

export interface SweepFinding {
  /** `orphan`: no live stack has it in its state. `gone`: a live stack's state has it, and the cloud does not. */
  readonly kind: 'orphan' | 'gone';
  readonly type: string;
  readonly id: string;
  readonly stack: string;
  /** Binding, cell or stack that it was made for; empty where nothing says. */
  readonly owner: string;
}

/**
 * Compares what the cloud lists with what the states of live stacks hold, both ways. What serves a stack that a run is
 * making right now looks like an orphan until that run has ended.
 * @param region only resources of this region's stacks are expected.
 */
export async function sweep(
  bundle: Bundle,
  region: string,
  listing: AsyncIterable<CloudResource>,
): Promise<readonly SweepFinding[]> {
  const expected = await expectedResources(bundle, region);
  const findings: SweepFinding[] = [];
  for await (const { type, id, stack, owner } of listing) {
    if (!expected.delete(key(type, id))) findings.push({ kind: 'orphan', type, id, stack, owner });
  }
  for (const { type, id, stack } of expected.values()) findings.push({ kind: 'gone', type, id, stack, owner: '' });
  const order = ({ kind, type, id }: SweepFinding): string => `${kind} ${type} ${id}`;
  return findings.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** One state is in memory at a time. */
async function expectedResources(
  bundle: Bundle,
  region: string,
): Promise<Map<string, { readonly type: string; readonly id: string; readonly stack: string }>> {
  const expected = new Map<string, { type: string; id: string; stack: string }>();
  for (const { stack, request } of bundle.stacks) {
    if (request.spec.region !== region) continue;
    const state = await bundle.state(stack);
    for (const { type, id, custom } of state?.resources ?? []) {
      if (custom && id && SWEPT_TYPES.has(type)) expected.set(key(type, id), { type, id, stack });
    }
  }
  return expected;
}

function key(type: string, id: string): string {
  return `${type} ${id}`;
}
