import { createLogger, type Logger } from '@bulkhead/runtime';
import { readFleetConfig } from './config.js';
import { Logins } from './control-plane/logins.js';
import { WorkloadDirectory } from './control-plane/workload-directory.js';
import { FleetMigrator } from './fleet/index.js';
import { failStart } from './process.js';

/** `clinic migrate`: one pass, exit code 1 when a database is behind. With `--follow` it goes on until it is told to stop. */
async function main(follow: boolean): Promise<number> {
  const config = readFleetConfig();
  const logger = createLogger({ name: 'clinic-migrator', level: config.BULKHEAD_LOG_LEVEL });
  const directory = new WorkloadDirectory(config.BULKHEAD_WORKLOAD_URL);
  const logins = new Logins(config.AWS_REGION, config.AWS_ENDPOINT_URL);
  const login = (home: string) => logins.of(home, 'migrator');
  const fleet = new FleetMigrator({ homes: () => directory.homes(), login, logger });
  try {
    if (follow) return await followFleet(fleet, logger);
    const behind = await fleet.run();
    return behind.length === 0 ? 0 : 1;
  } finally {
    logins.close();
    await directory.close();
  }
}

async function followFleet(fleet: FleetMigrator, logger: Logger): Promise<number> {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort()).on('SIGINT', () => stop.abort());
  let passed = false;
  await fleet.follow(stop.signal, (behind) => {
    if (!passed) logger.info('Following the fleet.', { count: behind.length });
    passed = true;
  });
  logger.info('Stopped.');
  return 0;
}

main(process.argv.includes('--follow')).then((code) => {
  process.exitCode = code;
}, failStart('clinic-migrator'));
