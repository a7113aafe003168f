import { RecordProof, type TenantDatabasePlace } from '@bulkhead/control';
import type { IsolationActivities } from '@bulkhead/definitions';
import { findingsOf, proofDigest, signProof, type ProofReport } from '@bulkhead/domain/isolation';
import { prove, type DatabaseTarget, type LateTarget } from '@bulkhead/isolation';
import { readLogin } from '@bulkhead/planes';
import { Context } from '@temporalio/activity';
import { send, type Dependencies } from './dependencies.js';
import { outsideTargets, type OutsideTargets } from './isolation/outside-targets.js';

/** Workload tables that must have been tried: a database without any proves nothing yet. */
const LEAST_TENANT_TABLES = 1;

/** Proofs that tenants are kept apart. */
export function isolationActivities(dependencies: Dependencies): IsolationActivities {
  const { isolation, reportSigner, logger } = dependencies;
  return {
    async proveIsolation({ operationId, proofId }) {
      const databases = (await isolation.tenantDatabases()).map((place) => lateTarget(dependencies, place));
      const outside = await outsideTargets(dependencies);
      // First what needs tokens: they last for minutes, and a fleet has many databases.
      const targets = [...outside.targets, ...databases];
      const report = await proveAll(targets, outside);
      await send(
        dependencies,
        new RecordProof({ proofId, signed: { report, note: signProof(reportSigner, proofId, report) } }),
      );
      const findings = findingsOf(report).filter(({ severity }) => severity !== 'note').length;
      logger.info('Isolation was tried.', { operationId, state: report.verdict, count: findings });
      return { proofId, verdict: report.verdict, digest: proofDigest(report), targets: targets.length, findings };
    },
  };
}

async function proveAll(targets: Parameters<typeof prove>[0], outside: OutsideTargets): Promise<ProofReport> {
  try {
    return await prove(targets, { mode: 'live', signal: Context.current().cancellationSignal });
  } finally {
    await outside.close();
  }
}

/** Its logins are read when its turn comes: those of one database that cannot be read make that target void alone. */
function lateTarget(dependencies: Dependencies, place: TenantDatabasePlace): LateTarget {
  return { kind: 'database', name: place.home, ready: () => targetOf(dependencies, place) };
}

async function targetOf(
  { planes, workload }: Dependencies,
  { home, database: coordinates, ownerRole, servingRole, consumerRole, migratorRole }: TenantDatabasePlace,
): Promise<DatabaseTarget> {
  const { host, port, database, masterSecretArn, servingSecretArn } = coordinates;
  const login = async (secret: string) => {
    const { username, password } = await readLogin(planes, secret);
    return { host, port, database, user: username, password: password.reveal(), ssl: planes.databaseTls };
  };
  return {
    kind: 'database',
    name: home,
    admin: await login(masterSecretArn),
    serving: await login(servingSecretArn),
    ownerRole,
    servingRole,
    consumerRole,
    operators: [migratorRole],
    profile: workload,
    leastTenantTables: LEAST_TENANT_TABLES,
  };
}
