import { createLogger } from '@bulkhead/runtime';
import { workFields } from '@bulkhead/tenancy';
import { createClinic } from './clinic.js';
import { readServiceConfig } from './config.js';
import { connectControlPlane, tenantTokens } from './control-plane/connect.js';
import { endOnSignal, failStart } from './process.js';
import { openWorkload } from './workload.js';

async function main(): Promise<void> {
  const config = readServiceConfig();
  const logger = createLogger({ name: 'clinic', level: config.BULKHEAD_LOG_LEVEL, bind: workFields });
  const control = await connectControlPlane(config, logger);
  const workload = await openWorkload(config, control.exchange);
  const app = await createClinic({ ...workload, tokens: tenantTokens(config, control), logger });
  endOnSignal(logger, async () => {
    await app.close();
    await workload.close();
    await control.close();
  });
  await app.listen(config.CLINIC_PORT, config.CLINIC_HOST);
  const { port } = app.getHttpServer().address() as { port: number };
  logger.info('Listening.', { host: config.CLINIC_HOST, port });
}

main().catch(failStart('clinic'));
