import { GetRoleCommand, IAMClient, UpdateRoleCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { idHex, newId, type StackId } from '@bulkhead/kernel';
import { bulkhead, bulkheadJson } from '../support/command-line.js';
import { onboard, REGION, type Tenant } from '../support/onboarding.js';
import type { TestStack } from '../support/test-stack.js';

interface Finding {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly resolution: string | null;
  readonly properties: readonly object[];
}
interface Change {
  readonly id: string;
  readonly hash: string;
  readonly approvalsNeeded: number;
}

/** A role that somebody changed by hand, and a queue that nobody owns: found and mended by the command line. */
export function describeDrift(current: () => TestStack): void {
  describe('drift, by the command line', () => {
    let tenant: Tenant;
    let RoleName: string;
    const config = () => ({
      endpoint: current().engines.aws.endpoint,
      region: REGION,
      credentials: current().engines.aws.root,
    });
    beforeAll(async () => {
      ({ tenant } = await onboard(current().api, 'hybrid-storage', 'drifts-away'));
      const [row] = await current().control<{ id: StackId }>(
        `select stack_id as id from control.bindings where tenant_id = $1 and stack_id is not null`,
        [tenant.id],
      );
      RoleName = `bh-${idHex(row!.id)}`;
    });

    const admin = <T>(...args: string[]) => bulkheadJson<T>(current(), 'platform-admin', ...args);
    const run = (...args: string[]) => bulkhead(current(), 'ci', 'drift', 'run', '--expect-no-changes', ...args);
    const open = () => admin<Finding[]>('drift', 'list', '--tenant', tenant.slug);

    it('a fleet that nobody touched is as the runs left it', async () => {
      expect(await run()).toMatchObject({ code: 0, stdout: '' });
    });

    it('what was changed by hand is found once, and what nothing owns as what it is', async () => {
      await new IAMClient(config()).send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }));
      const tags = {
        'bulkhead:managed-by': 'bulkhead',
        'bulkhead:id': newId('binding'),
        'bulkhead:stack': 'dedicated-tenant.stk_gone',
      };
      await new SQSClient(config()).send(new CreateQueueCommand({ QueueName: 'bh-left-over', tags }));
      const { code, stdout } = await run();
      expect({ code, stdout }).toEqual({ code: 2, stdout: expect.stringContaining('maxSessionDuration: 3600 → 7200') });
      expect(stdout).toMatch(/orphan .*bh-left-over/);
      expect((await run('--tenant', tenant.slug)).code).toBe(2);
      expect((await open()).map(({ kind, name }) => `${kind} ${name}`)).toEqual(['changed workload-role']);
    });

    it('a repair is asked for, approved and applied, and the next comparison finds nothing', async () => {
      const [finding] = await open();
      const adopting = await bulkhead(current(), 'platform-admin', 'drift', 'adopt', finding!.id, '--reason', 'fine');
      expect([adopting.code, adopting.stderr]).toEqual([1, expect.stringContaining('Change the template or the plan')]);
      const { id, hash } = await admin<Change>('drift', 'repair', finding!.id, '--reason', 'changed by hand');
      const early = await bulkhead(current(), 'platform-admin', 'changes', 'apply', id, '--hash', hash);
      expect(early.code).toBe(4);
      await bulkheadJson(current(), 'approver', 'approvals', 'approve', id, '--hash', hash);
      await admin('changes', 'apply', id, '--hash', hash, '--wait');
      const { Role } = await new IAMClient(config()).send(new GetRoleCommand({ RoleName }));
      expect(Role?.MaxSessionDuration).toBe(3600);
      expect(await admin<Finding>('drift', 'get', finding!.id)).toMatchObject({
        state: 'resolved',
        resolution: 'repaired',
      });
      expect((await run('--tenant', tenant.slug)).code).toBe(0);
    });

    it('an orphan takes two people, of whom one is not enough, and is gone then', async () => {
      const [orphan] = await admin<Finding[]>('drift', 'list', '--kind', 'orphan');
      const { id, hash, approvalsNeeded } = await admin<Change>('drift', 'repair', orphan!.id, '--reason', 'left over');
      expect(approvalsNeeded).toBe(2);
      await bulkheadJson(current(), 'approver', 'approvals', 'approve', id, '--hash', hash);
      expect((await bulkhead(current(), 'platform-admin', 'changes', 'apply', id, '--hash', hash)).code).toBe(4);
      await bulkheadJson(current(), 'second-approver', 'approvals', 'approve', id, '--hash', hash);
      await admin('changes', 'apply', id, '--hash', hash, '--wait');
      const { QueueUrls = [] } = await new SQSClient(config()).send(
        new ListQueuesCommand({ QueueNamePrefix: 'bh-left' }),
      );
      expect(QueueUrls).toEqual([]);
      expect((await run()).code).toBe(0);
    });
  });
  describe('the cloud account', () => {
    it('was looked at by the worker, and what is left of its quotas is known', async () => {
      const { body } = await current().api.call<{ data: { quota: string; used: number; says: string }[] }>(
        'GET',
        `/v1/cloud-quotas?region=${REGION}`,
        { user: 'sales-ops' },
      );
      const quotas = new Map(body.data.map(({ quota, ...rest }) => [quota, rest]));
      expect([...quotas.keys()].toSorted()).toEqual(['iam-roles', 'kms-keys', 'rds-instances', 's3-buckets']);
      expect(quotas.get('rds-instances')?.says).toMatch(/^\d+ of 40 RDS instances left; \d+ promised$/);
    });
  });
}
