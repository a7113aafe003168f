import type { TestStack } from './test-stack.js';

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, string>>;
}

// apitype.CheckpointV3 (pulumi sdk/go/common/apitype).
interface Checkpoint {
  readonly checkpoint: {
    readonly latest?: {
      readonly resources?: readonly Resource[];
      readonly pending_operations?: readonly { readonly resource: Resource; readonly type: string }[];
    };
  };
}

/** Names of resources as the other inventories write them. Settings of a resource have no name of their own there. */
const NAMES: Readonly<Record<string, (resource: Required<Resource>) => string>> = {
  'aws:kms/key:Key': ({ inputs }) => `key ${inputs['description']}`,
  'aws:kms/alias:Alias': ({ inputs }) => `key alias ${inputs['name']}`,
  'aws:rds/instance:Instance': ({ inputs }) => `rds instance ${inputs['identifier']}`,
  'aws:rds/parameterGroup:ParameterGroup': ({ inputs }) => `rds parameter group ${inputs['name']}`,
  'aws:iam/role:Role': ({ inputs }) => `iam role ${inputs['name']}`,
  'aws:iam/policy:Policy': ({ inputs }) => `iam policy ${inputs['name']}`,
  'aws:cloudwatch/metricAlarm:MetricAlarm': ({ inputs }) => `alarm ${inputs['name']}`,
  'aws:cloudwatch/logGroup:LogGroup': ({ inputs }) => `log group ${inputs['name']}`,
  'aws:s3/bucket:Bucket': ({ inputs }) => `bucket ${inputs['bucket']}`,
  'aws:sqs/queue:Queue': ({ inputs }) => `queue ${inputs['name']}`,
  'aws:secretsmanager/secret:Secret': ({ inputs }) => `secret ${inputs['name']}`,
  'bulkhead:postgres:TenantDatabase': ({ inputs }) => `database ${inputs['database']}`,
  'bulkhead:pool:Registration': ({ inputs }) => `registration ${inputs['bindingId']} ${inputs['layer']}`,
};

/** Stacks with what Pulumi's state says that they hold, and what a run that ended should not have left. */
export async function stateInventory(
  stack: TestStack,
): Promise<{ stacks: string[]; resources: string[]; debris: string[] }> {
  const rows = await stack.state<{ stack: string; data: string }>(
    `select stack, data->>'data' as data from bulkhead_state.pulumi_state where key like '%/.pulumi/stacks/%.json'`,
  );
  const resources: string[] = [];
  const debris: string[] = [];
  for (const row of rows) {
    const { latest } = (JSON.parse(Buffer.from(row.data, 'base64').toString()) as Checkpoint).checkpoint;
    for (const { inputs = {}, id = '', ...resource } of latest?.resources ?? []) {
      const name = NAMES[resource.type]?.({ ...resource, inputs, id });
      if (name !== undefined) resources.push(name);
    }
    for (const { type, resource } of latest?.pending_operations ?? [])
      debris.push(`${type} ${resource.urn} is pending`);
  }
  const left = await stack.state<{ item: string }>(`
    select 'lock ' || key as item from bulkhead_state.pulumi_state where key like '%/locks/%'
    union all select 'lease of ' || stack from bulkhead_lease.pulumi_leases where state_login is not null
    union all select 'login ' || login from bulkhead_lease.state_logins
    union all select 'role ' || rolname from pg_roles where rolname like 'bulkhead_run_%'`);
  return { stacks: rows.map((row) => row.stack), resources, debris: [...debris, ...left.map(({ item }) => item)] };
}
