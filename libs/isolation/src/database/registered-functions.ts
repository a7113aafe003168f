/** Who may call a function that runs with its owner's rights. */
export type FunctionCaller = 'everybody' | 'serving' | 'consumer';

interface RegisteredFunction {
  readonly caller: FunctionCaller;
  /** Why it may run so. */
  readonly reason: string;
}

const checksContext = { caller: 'everybody', reason: 'is what checks the signed context' } as const;
const ownTenant = { caller: 'serving', reason: 'answers for the tenant of the signed context and no other' } as const;
const turns = { caller: 'consumer', reason: 'tells whose turn it is, and nothing that a message says' } as const;

/**
 * Every SECURITY DEFINER function that there may be in a tenant database, by its whole signature. It says what the plane
 * schema's own list says (`bulkhead.known_definer`), from outside: somebody who changes the database does not change this.
 * Another one, or one of these for other callers, is a finding.
 */
export const REGISTERED_FUNCTIONS: Readonly<Record<string, RegisteredFunction>> = {
  'bulkhead.current_tenant()': checksContext,
  'bulkhead.fence()': checksContext,
  'tenancy.layers()': ownTenant,
  'tenancy.data_keys()': ownTenant,
  'tenancy.take_messages(text,integer,integer)': ownTenant,
  'tenancy.add_data_key(text,integer,bytea,text)': ownTenant,
  'tenancy.send_message(uuid,smallint,text,bytea,integer)': ownTenant,
  'tenancy.read_message(uuid,uuid)': ownTenant,
  'tenancy.hold_message(uuid,uuid,integer)': ownTenant,
  'tenancy.settle_message(uuid,uuid,text,integer,text)': ownTenant,
  'tenancy.dead_messages(integer)': ownTenant,
  'tenancy.revive_message(uuid)': ownTenant,
  'tenancy.claim_messages(integer,integer,integer)': turns,
  'tenancy.return_message(text,uuid,uuid,integer)': turns,
};
