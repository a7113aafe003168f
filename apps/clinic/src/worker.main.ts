import { createLogger } from '@bulkhead/runtime';
import { workFields } from '@bulkhead/tenancy';
import { createClaimsWorker } from './claims/claims-worker.js';
import { readServiceConfig } from './config.js';
import { connectControlPlane, tenantTokens } from './control-plane/connect.js';
import { ServiceContexts } from './control-plane/service-contexts.js';
import { WorkloadDirectory } from './control-plane/workload-directory.js';
import { endOnSignal, failStart } from './process.js';
import { openWorkload } from './workload.js';

async function main(): Promise<void> {
  const config = readServiceConfig();
  const logger = createLogger({ name: 'clinic-worker', level: config.BULKHEAD_LOG_LEVEL, bind: workFields });
  const control = await connectControlPlane(config, logger);
  const contexts = new ServiceContexts(control, tenantTokens(config, control), {
    id: config.CLINIC_CLIENT_ID,
    roles: [],
  });
  const workload = await openWorkload(config, contexts.exchange);
  const directory = new WorkloadDirectory(config.BULKHEAD_WORKLOAD_URL);
  const worker = createClaimsWorker({
    databases: workload.databases,
    queues: workload.queues,
    consumerLogin: workload.consumerLogin,
    homes: () => directory.homes(),
    tenants: () => directory.tenants(),
    contextFor: (tenantId) => contexts.of(tenantId),
    logger,
  });
  endOnSignal(logger, async () => {
    await worker.stop();
    await workload.close();
    await directory.close();
    await control.close();
  });
  worker.start();
  logger.info('Deciding claims.');
}

main().catch(failStart('clinic-worker'));
