import { cloudInventory } from './cloud-inventory.js';
import { planeInventory } from './plane-inventory.js';
import { runProcesses } from './pulumi-processes.js';
import { readRegistry } from './registry.js';
import { stateInventory } from './state-inventory.js';
import type { TestStack } from './test-stack.js';

/** Where two lists differ; a thing that is there twice and should be there once is one too many. */
interface Difference {
  readonly missing: string[];
  readonly unexpected: string[];
}

function without(list: readonly string[], other: readonly string[]): string[] {
  const rest = [...other];
  return list.filter((item) => {
    const at = rest.indexOf(item);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

function difference(found: readonly string[], expected: readonly string[]): Difference {
  return { missing: without(expected, found).toSorted(), unexpected: without(found, expected).toSorted() };
}

const SAME: Difference = { missing: [], unexpected: [] };

/** What a plane's registry and the AWS API hold, as far as Pulumi declares it. */
function declared(cloud: readonly string[], planes: readonly string[]): string[] {
  return [
    // RDS makes the master's secret, and activities make the entries of dedicated bindings, homes, what these are told, and data keys.
    ...cloud.filter((item) => !item.startsWith('secret rds!')),
    ...planes.filter((item) => /^database (?!of )/.test(item)),
  ];
}

/**
 * Checks that exactly that exists which the control database says, at the AWS API, in the planes and in Pulumi's state:
 * nothing missing, nothing orphaned, nothing twice; and that no operation, run, lease, lock, login or process is left.
 */
export async function expectInventoryEqualsRegistry(stack: TestStack): Promise<void> {
  const [registry, cloud, planes, state] = await Promise.all([
    readRegistry(stack),
    cloudInventory(stack),
    planeInventory(stack),
    stateInventory(stack),
  ]);
  const shared = await stack.control<{ item: string }>(
    `select format('registration %s %s', id, layer) as item from control.bindings where isolation = 'shared' and state <> 'retired'`,
  );
  const stacks = state.stacks.filter((name) => !registry.emptyStacks.includes(name));
  expect({
    cloud: difference(cloud, registry.cloud),
    planes: difference(planes, registry.planes),
    state: difference(state.resources, [
      ...declared(registry.cloud, registry.planes),
      ...shared.map(({ item }) => item),
    ]),
    stacks: difference(stacks, registry.stacks),
    unsettled: registry.unsettled,
    debris: state.debris,
    processes: runProcesses(stack.pulumiHome).map(({ command }) => command),
  }).toEqual({ cloud: SAME, planes: SAME, state: SAME, stacks: SAME, unsettled: [], debris: [], processes: [] });
}
