import { holdsData, type StackDrift } from '@bulkhead/automation';
import type { LookedAtStack } from '@bulkhead/control';
import { layerOfName, type FoundDrift } from '@bulkhead/domain/drift';
import { isId } from '@bulkhead/kernel';

/** A live stack without a state: nothing that its tenants have is known to exist. */
export function missingStack(stack: string, tenantIds: readonly string[]): FoundDrift {
  return {
    ...{ stack, kind: 'gone', type: 'pulumi:pulumi:Stack', resource: stack, name: stack, owner: null },
    ...{ tenantId: tenantOf(stack, tenantIds), layer: null, stateful: true, properties: [], upshot: 'create' },
  };
}

/** What a comparison of one stack found, and what of the known it found half mended. */
export function foundIn(
  stack: string,
  tenantIds: readonly string[],
  known: readonly string[],
  { steps, upshots }: Extract<StackDrift, { outcome: 'compared' }>,
): Pick<LookedAtStack, 'found' | 'unsettled'> {
  const found = steps.map(({ urn, type, name, kind, properties }): FoundDrift => ({
    ...{ stack, kind, type, name, resource: urn, upshot: upshots[urn] ?? 'same' },
    properties: properties.map(({ path, before, after }) => ({
      path,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    })),
    // A registration is named after its binding.
    owner: isId('binding', name) ? name : null,
    tenantId: tenantOf(stack, tenantIds),
    layer: layerOfName(name),
    stateful: holdsData(type),
  }));
  const drifted = new Set(steps.map(({ urn }) => urn));
  return { found, unsettled: known.filter((urn) => !drifted.has(urn) && upshots[urn] !== undefined) };
}

function tenantOf(stack: string, tenantIds: readonly string[]): FoundDrift['tenantId'] {
  const [first] = stack.startsWith('dedicated-tenant.') ? tenantIds : [];
  return isId('tenant', first) ? first : null;
}
