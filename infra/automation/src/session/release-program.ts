import type * as pulumi from '@pulumi/pulumi';
import type { DeclaredResource } from '../state/stack-state.js';
import { declare, registered } from './settle-program.js';

/** What keeps a resource from being deleted in the cloud, besides Pulumi's own protection of it. */
const LIFTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'aws:rds/instance:Instance': { deletionProtection: false, applyImmediately: true },
  'aws:s3/bucket:Bucket': { forceDestroy: true },
};

/** A program that declares all that the state knows, as the state has it, but the named resources without protection. */
export function releaseProgram(known: readonly DeclaredResource[], urns: readonly string[]): () => Promise<void> {
  const released = new Set(urns);
  return async () => {
    const resources = new Map<string, pulumi.Resource>();
    for (const resource of known) {
      if (resource.type.startsWith('pulumi:providers:')) continue;
      await registered(declare(released.has(resource.urn) ? withoutProtection(resource) : resource, resources));
    }
  };
}

function withoutProtection(resource: DeclaredResource): DeclaredResource {
  return { ...resource, protect: false, inputs: { ...resource.inputs, ...LIFTED[resource.type] } };
}
