import { isId } from '@bulkhead/kernel';
import { TYPES, type ResourceRule, type RuleContext } from './rule.js';

/** Types whose loss is a loss of data. */
export const STATEFUL_TYPES: ReadonlySet<string> = new Set([
  TYPES.bucket,
  TYPES.database,
  TYPES.key,
  TYPES.queue,
  TYPES.secret,
  TYPES.tenantDatabase,
]);

/** The one exception: somebody answers for the loss by the name of an operation. */
function isDiscarded({ discardedBy }: RuleContext): boolean {
  return isId('operation', discardedBy);
}

export const stateProtected: ResourceRule = {
  id: 'state-protected',
  description:
    'Pulumi refuses to delete or replace what holds data, unless the stack is discarded by a named operation.',
  hipaa: ['164.312(c)(1)', '164.308(a)(7)(ii)(A)'],
  check({ type, protect }, context) {
    if (!STATEFUL_TYPES.has(type) || protect || isDiscarded(context)) return undefined;
    return 'The resource holds data and is not protected.';
  },
};

export const deletionProtected: ResourceRule = {
  id: 'deletion-protected',
  description: 'RDS refuses to delete a database, unless the stack is discarded by a named operation.',
  hipaa: ['164.312(c)(1)', '164.308(a)(7)(ii)(A)'],
  check({ type, props }, context) {
    if (type !== TYPES.database || isDiscarded(context)) return undefined;
    if (props['deletionProtection'] !== true) return 'Deletion protection is off.';
    return props['skipFinalSnapshot'] === true ? 'A deletion would leave no final snapshot.' : undefined;
  },
};

export const databaseBackedUp: ResourceRule = {
  id: 'database-backed-up',
  description: 'Databases have automated backups, whose copies carry the tags.',
  hipaa: ['164.308(a)(7)(ii)(A)', '164.310(d)(2)(iv)'],
  check({ type, props }) {
    if (type !== TYPES.database) return undefined;
    if (Number(props['backupRetentionPeriod'] ?? 0) < 1) return 'Automated backups are off.';
    return props['copyTagsToSnapshot'] === true ? undefined : 'Snapshots would not carry the tags.';
  },
};
