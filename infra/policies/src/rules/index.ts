import { databasePrivate, masterPasswordManaged, plainHttpDenied, publicAccessBlocked, roleBounded } from './access.js';
import { bucketEncrypted, databaseEncrypted, keyRotates, queueEncrypted, secretEncrypted } from './encryption.js';
import { bucketGuarded, ownershipTagged, queueGuarded, typeReviewed } from './inventory.js';
import { databaseBackedUp, deletionProtected, stateProtected } from './retention.js';
import type { ResourceRule, StackRule } from './rule.js';

/** All rules on single resources. */
export const RESOURCE_RULES: readonly ResourceRule[] = [
  bucketEncrypted,
  databaseEncrypted,
  queueEncrypted,
  secretEncrypted,
  keyRotates,
  publicAccessBlocked,
  databasePrivate,
  masterPasswordManaged,
  plainHttpDenied,
  roleBounded,
  stateProtected,
  deletionProtected,
  databaseBackedUp,
  ownershipTagged,
  typeReviewed,
];

/** All rules on how resources belong together. */
export const STACK_RULES: readonly StackRule[] = [bucketGuarded, queueGuarded];
