import * as pulumi from '@pulumi/pulumi';
import { urnName, urnType } from '../errors.js';
import { ROOT_TYPE } from '../state/checkpoint-marks.js';
import type { DeclaredResource } from '../state/stack-state.js';

class Settled extends pulumi.CustomResource {}

/**
 * A program that declares the resources whose creation was cut off, as the cut-off run declared them, under the same
 * URNs. The provider adopts by name and ownership what that run left, so that the state knows it; the next run of the
 * real program then keeps or deletes it. Without this step a resource that the program no longer wants would stay in
 * the cloud with nobody knowing it.
 *
 * What the state knows is declared too, though it is no target: what a program does not declare, Pulumi deletes, and
 * that includes the provider, on which everything else depends.
 */
export function settleProgram(
  known: readonly DeclaredResource[],
  pending: readonly DeclaredResource[],
): () => Promise<void> {
  return async () => {
    const resources = new Map<string, pulumi.Resource>();
    for (const resource of known) {
      // Pulumi makes the provider by itself for the first resource that names its version.
      if (resource.type.startsWith('pulumi:providers:')) continue;
      // One after the other: next to targets Pulumi takes it for a duplicate when a resource is declared after one
      // that needs it.
      await registered(declare(resource, resources));
    }
    // Protection is the real program's to give; here it would only keep the resource from being discarded.
    for (const resource of pending) declare({ ...resource, protect: false }, resources);
  };
}

/** Waits until Pulumi has taken a declaration. */
export function registered(resource: pulumi.Resource): Promise<void> {
  return new Promise((resolve) => {
    resource.urn.apply(() => resolve());
  });
}

/** The targets of a settlement; a component only when it is new, else its other children would count as targets. */
export function settleTargets(known: readonly DeclaredResource[], pending: readonly DeclaredResource[]): string[] {
  const there = new Set(known.map(({ urn }) => urn));
  const parents = pending.flatMap(({ parent }) => (parent === undefined || there.has(parent) ? [] : [parent]));
  return [...new Set([...pending.map(({ urn }) => urn), ...parents])].filter((urn) => urnType(urn) !== ROOT_TYPE);
}

/** Declares a resource as the state has it. */
export function declare(resource: DeclaredResource, resources: Map<string, pulumi.Resource>): pulumi.Resource {
  const { urn, type, custom, protect, inputs } = resource;
  const options = { protect, ...parentOf(resource, resources) };
  const dependsOn = resource.dependencies.flatMap((needed) => resources.get(needed) ?? []);
  const declared = custom
    ? new Settled(type, urnName(urn), { ...inputs }, { ...options, dependsOn, ...versionOf(resource) })
    : new pulumi.ComponentResource(type, urnName(urn), {}, options);
  resources.set(urn, declared);
  return declared;
}

function parentOf({ parent }: DeclaredResource, resources: Map<string, pulumi.Resource>): { parent?: pulumi.Resource } {
  if (parent === undefined || urnType(parent) === ROOT_TYPE) return {};
  const known = resources.get(parent);
  if (known !== undefined) return { parent: known };
  // A component that the cut-off run had no time to note. Programs nest one deep: its own parent is the stack.
  const made = new pulumi.ComponentResource(urnType(parent), urnName(parent));
  resources.set(parent, made);
  return { parent: made };
}

/** Default providers are named by their version, `default_7_48_0`, and chosen by the version that a resource asks for. */
function versionOf({ provider }: DeclaredResource): { version?: string } {
  const [, digits] = /::default_([0-9_]+)::/.exec(provider ?? '') ?? [];
  return digits === undefined ? {} : { version: digits.replaceAll('_', '.') };
}
