import * as pulumi from '@pulumi/pulumi';
import { urnName, urnType } from '../errors.js';
import type { PendingResource } from '../state/stack-state.js';

class Settled extends pulumi.CustomResource {}

/**
 * A program that declares just the resources whose creation was cut off, as the cut-off run declared them, under the
 * same URNs. The provider adopts by name and ownership what that run left, so that the state knows it; the next run
 * of the real program then keeps or deletes it. Without this step a resource that the program no longer wants would
 * stay in the cloud with nobody knowing it.
 */
export function settleProgram(pending: readonly PendingResource[]): () => Promise<void> {
  return async () => {
    const parents = new Map<string, pulumi.ComponentResource>();
    for (const { urn, type, parent, inputs } of pending) {
      const options = parent === undefined ? {} : parentOption(parent, urn, parents);
      // Protection is the program's to give; here it would only keep the stack from being discarded.
      new Settled(type, urnName(urn), { ...inputs }, { ...options, protect: false });
    }
  };
}

function parentOption(
  parentUrn: string,
  urn: string,
  parents: Map<string, pulumi.ComponentResource>,
): pulumi.ResourceOptions {
  if (urnType(parentUrn) === 'pulumi:pulumi:Stack') return {};
  // The URN of a child holds the types of all its parents; programs here nest one component deep.
  const types = urn.split('::').at(-2)?.split('$') ?? [];
  if (types.length > 2) throw new Error(`${urn} is nested deeper than programs nest`);
  const parent = parents.get(parentUrn) ?? new pulumi.ComponentResource(urnType(parentUrn), urnName(parentUrn), {}, {});
  parents.set(parentUrn, parent);
  return { parent };
}
