import { holdsData } from '@bulkhead/automation';
import { layerOfName, type FoundDrift } from '@bulkhead/domain/drift';
import { isId } from '@bulkhead/kernel';
import { listCloud, type CloudResource } from '@bulkhead/planes';
import type { Dependencies } from './dependencies.js';

type Searched = Pick<Dependencies, 'automation' | 'drift' | 'inventory'>;

export interface Search {
  readonly orphans: readonly FoundDrift[];
  /** What is there and owned. */
  readonly owned: ReadonlySet<string>;
  /** What is there, and not owned so far, of a stack that is being worked on. */
  readonly unsettled: readonly string[];
  /** What tags may name, and whether it still holds resources. */
  readonly owners: ReadonlyMap<string, boolean>;
}

/**
 * Resources with our tags that no placement owns. The cloud is listed first, and then who works on what, and then the
 * states are read: what a run has made since is in its state by then, or its stack is still being worked on.
 */
export async function findOrphans({ automation, drift, inventory }: Searched): Promise<Search> {
  const listed: CloudResource[] = [];
  for await (const resource of listCloud(inventory)) listed.push(resource);
  const busy = new Set<string>();
  for (const stack of new Set(listed.map((resource) => resource.stack))) {
    if ((await automation.heldBy(stack)) !== undefined) busy.add(stack);
  }
  const owners = await drift.owners();
  const owned = await ownedResources(automation, owners);
  const unowned = listed.filter((resource) => !owned.has(keyOf(resource)));
  const orphans = unowned.filter(({ stack }) => !busy.has(stack)).map(asFinding);
  return {
    orphans: orphans.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)),
    owned: new Set(listed.map(keyOf).filter((resource) => owned.has(resource))),
    unsettled: unowned.filter(({ stack }) => busy.has(stack)).map(keyOf),
    owners,
  };
}

/** One state is in memory at a time. */
async function ownedResources(
  automation: Pick<Dependencies['automation'], 'listStacks' | 'recordedState'>,
  owners: ReadonlyMap<string, boolean>,
): Promise<ReadonlySet<string>> {
  const owned = new Set<string>();
  for (const stack of await automation.listStacks()) {
    if (!owners.get(ownerOfStack(stack))) continue;
    const state = await automation.recordedState(stack);
    for (const { type, id, custom } of state?.resources ?? []) if (custom && id) owned.add(keyOf({ type, id }));
  }
  return owned;
}

function ownerOfStack(stack: string): string {
  return stack.startsWith('landing-zone.') ? stack : stack.slice(stack.indexOf('.') + 1);
}

function keyOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type} ${id}`;
}

function asFinding(resource: CloudResource): FoundDrift {
  const { type, id, stack, owner, tenant } = resource;
  return {
    ...{ stack, kind: 'orphan', type, name: id, resource: keyOf(resource), owner: owner || null },
    tenantId: isId('tenant', tenant) ? tenant : null,
    ...{ layer: layerOfName(id), stateful: holdsData(type), properties: [], upshot: 'same' },
  };
}
