import type { TenantDatabasePlace } from '@bulkhead/control';
import type { ProofReport } from '@bulkhead/domain/isolation';
import { PLAIN_WORKLOAD } from '@bulkhead/isolation';
import { newId } from '@bulkhead/kernel';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from './dependencies.js';
import { isolationActivities } from './isolation.activities.js';

// What becomes of a proof when one of the fleet's databases is in a bad way.

const homes = ['cel_one', 'cel_two', 'cel_three'];
const place = (home: string) =>
  ({
    ...{ home, ownerRole: 'o', servingRole: 's', consumerRole: 'c', migratorRole: 'm' },
    database: { host: '127.0.0.1', port: 1, database: home, masterSecretArn: home, servingSecretArn: home },
  }) as unknown as TenantDatabasePlace;

/** Proves a fleet in which every secret is read as `read` says. */
async function proven(read: (arn: string) => void) {
  const environment = new MockActivityEnvironment();
  const reports: ProofReport[] = [];
  const dependencies = {
    isolation: { tenantDatabases: async () => homes.map(place) },
    prover: null,
    workload: PLAIN_WORKLOAD,
    reportSigner: { sign: () => 'note' },
    planes: {
      databaseTls: false,
      secrets: {
        send: async ({ input }: { input: { SecretId: string } }) => {
          read(input.SecretId);
          return { SecretString: '{"username":"u","password":"p"}' };
        },
      },
    },
    gate: {
      execute: async ({ outcome }: { outcome: { signed: { report: ProofReport } } }) => {
        reports.push(outcome.signed.report);
      },
    },
    logger: { info: () => undefined },
  } as unknown as Dependencies;
  const call = { operationId: newId('operation'), proofId: newId('isolationProof') };
  const ended: unknown = await environment
    .run((input: typeof call) => isolationActivities(dependencies).proveIsolation(input), call)
    .catch((error: unknown) => error);
  return { ended, report: reports[0] };
}

it('a database whose logins cannot be read is void by name, and every other one is tried', async () => {
  const { ended, report } = await proven((arn) => {
    if (arn === 'cel_one') throw Object.assign(new Error('gone'), { name: 'ResourceNotFoundException' });
  });
  expect(ended).toMatchObject({ verdict: 'void', targets: 4 });
  expect(report?.targets.slice(1)).toMatchObject([
    { target: 'cel_one', voids: ['The proof broke off (ResourceNotFoundException).'] },
    // They were connected to, where nobody listens here.
    { target: 'cel_two', voids: ['The proof broke off (ECONNREFUSED).'] },
    { target: 'cel_three', voids: ['The proof broke off (ECONNREFUSED).'] },
  ]);
});
