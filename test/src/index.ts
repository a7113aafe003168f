export { Api, type Answer } from './support/api.js';
export { expectUndoneTrail, expectWholeTrail } from './support/audit-trail.js';
export { AwsProxy, type PlantedFault } from './support/aws-proxy.js';
export { expectInventoryEqualsRegistry } from './support/inventory.js';
export { TestStack, type TestStackOptions } from './support/test-stack.js';
