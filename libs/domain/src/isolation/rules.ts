import { rule, type RuleText } from './rule-text.js';
import { STATIC_RULES } from './static-rules.js';

export type { RuleText, Severity } from './rule-text.js';

/** Shown by trying. */
const PROBE_RULES = {
  row_read: rule('critical', 'A tenant read a row of another.', 'See the static findings of the same object.'),
  row_written: rule(
    'critical',
    'A tenant wrote, changed or removed a row of another.',
    'See the static findings of the same object.',
  ),
  copied_in: rule(
    'critical',
    'COPY FROM was let in: row security does not hold for the caller.',
    'See the static findings of the same object.',
  ),
  destructive_allowed: rule(
    'critical',
    'A tenant can empty, lock, change or attach to a table of all tenants.',
    'REVOKE the right; make the owner role own the table.',
  ),
  unique_oracle: rule(
    'high',
    'An insert fails exactly when another tenant has the value.',
    'Make the key UNIQUE (tenant_id, …).',
  ),
  foreign_key_oracle: rule(
    'high',
    'An insert succeeds exactly when another tenant has the row that it refers to.',
    'Put tenant_id into the foreign key.',
  ),
  error_oracle: rule(
    'high',
    'An error tells about a row of another tenant.',
    'Demand the context in a restrictive policy; keep operators non-leakproof.',
  ),
  statistics_readable: rule(
    'high',
    'Statistics show values of other tenants.',
    'Enable row security; revoke pg_read_all_stats.',
  ),
  large_object_read: rule(
    'high',
    'A large object of another could be read.',
    'Set lo_compat_privileges to off and revoke the grant.',
  ),
  function_tells: rule(
    'critical',
    'A function answered with what belongs to another tenant.',
    'Make it SECURITY INVOKER and let it take the tenant from the context.',
  ),
  context_not_required: rule(
    'critical',
    'Statements without a valid context are answered instead of refused.',
    "SELECT bulkhead.protect('table').",
  ),
  context_unsigned: rule(
    'critical',
    'Naming another tenant in a setting is enough to be it.',
    "SELECT bulkhead.protect('table'): the context must be signed.",
  ),
  context_left_behind: rule(
    'critical',
    'A session still has the context of the transaction before.',
    'Set contexts with set_config(…, true) inside the transaction only.',
  ),
  role_taken: rule('critical', 'The serving login can become another role.', 'REVOKE that role from it.'),
  not_filled: rule(
    'note',
    'No synthetic row could be made here, so only the catalogues and rows that were there were looked at.',
    'Let a CHECK be a list or a simple pattern, or give the column a default.',
  ),
  accepted_channel: rule(
    'note',
    'A way to learn sizes or activity, not rows, that Postgres does not let us close.',
    'Grant SQL to services only; see docs/adr/0012-isolation-proof.md.',
  ),
} as const satisfies Record<string, RuleText>;

/** Outside of databases. */
const OUTSIDE_RULES = {
  route_open: rule(
    'critical',
    'A route answers without looking whose the thing is.',
    'Look the thing up within the caller’s tenant.',
  ),
  route_tells: rule(
    'high',
    'A route answers otherwise for another tenant’s id than for one that does not exist.',
    'Answer both with the same 404.',
  ),
  route_unguarded: rule(
    'high',
    'A route that changes something asks for no token.',
    'Let the route, and its description, ask for a token.',
  ),
  token_accepted: rule(
    'critical',
    'A token that must be refused was accepted.',
    'Verify signature, algorithm, audience, issuer and expiry.',
  ),
  object_reached: rule(
    'critical',
    'Credentials of one tenant reach objects of another.',
    'Limit the session policy to the tenant’s prefix or bucket.',
  ),
  key_used: rule(
    'critical',
    'One tenant’s key opens what was sealed for another.',
    'Give each tenant its own data key, with tenant and purpose as associated data.',
  ),
  queue_reached: rule(
    'critical',
    'One tenant reaches messages of another.',
    'Limit the session policy to the tenant’s queue; route by signed context.',
  ),
  secret_read: rule(
    'critical',
    'One tenant’s credentials read a secret of another.',
    'Limit the session policy to the tenant’s own secrets.',
  ),
  policy_open: rule(
    'critical',
    'A resource’s own policy lets in somebody, past the roles of its tenant or cell.',
    'Take the statement out of the resource’s policy: access is given by roles.',
  ),
  role_reaches: rule(
    'critical',
    'An access role reaches what is not its cell’s or its tenant’s.',
    'Let the role name its own resources only; apply its stack again.',
  ),
  role_open: rule(
    'high',
    'An access role may be taken by somebody who does not name its cell or stack.',
    'Apply the stack again: its trust asks for the account and sts:ExternalId.',
  ),
  condition_unjudged: rule(
    'note',
    'The AWS API here does not judge the encryption context that sessions are limited to, so neighbours’ keys were tried by their own fingerprints only.',
    'Prove on AWS itself, too: an emulator leaves this out.',
  ),
  context_cached: rule(
    'critical',
    'A request was answered with the context of an earlier one.',
    'Keep contexts in AsyncLocalStorage, and cache by tenant and epoch.',
  ),
  entitlement_cached: rule('high', 'A tenant was let in with the entitlements of another.', 'Key the cache by tenant.'),
  consumer_without_context: rule(
    'critical',
    'A queue consumer worked on a message without its tenant’s context.',
    'Enter the message’s context before any work; refuse messages without one.',
  ),
  phi_logged: rule('high', 'Patient data is in the log.', 'Log by allow-list only.'),
} as const satisfies Record<string, RuleText>;

/** Everything that a proof can find. */
export const ISOLATION_RULES = { ...STATIC_RULES, ...PROBE_RULES, ...OUTSIDE_RULES };
export type IsolationRule = keyof typeof ISOLATION_RULES;

/** Tells whether a rule is known: databases with a newer plane schema may name others. */
export function isIsolationRule(text: string): text is IsolationRule {
  return Object.hasOwn(ISOLATION_RULES, text);
}
