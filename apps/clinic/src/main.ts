import { readFile } from 'node:fs/promises';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import { createLogger, type Logger } from '@bulkhead/runtime';
import { TenantTokens } from '@bulkhead/tenancy';
import { createClinic } from './clinic.js';
import { readServiceConfig, type ServiceConfig } from './config.js';
import { AccessTokens } from './control-plane/access-tokens.js';
import { ControlPlane } from './control-plane/control-plane.js';
import { openWorkload } from './workload.js';

/** How long requests that are being handled may take to end, once the process was told to stop. */
const GRACE_MS = 20_000;

async function connectControlPlane(config: ServiceConfig, logger: Logger): Promise<ControlPlane> {
  const identity = {
    issuer: config.BULKHEAD_OIDC_ISSUER,
    clientId: config.CLINIC_CLIENT_ID,
    clientSecret: new Redacted((await readFile(config.CLINIC_CLIENT_SECRET_FILE, 'utf8')).trim()),
  };
  const control = new ControlPlane(config.BULKHEAD_TOKEN_ISSUER, new AccessTokens(identity), logger);
  await control.open();
  return control;
}

async function main(): Promise<void> {
  const config = readServiceConfig();
  const logger = createLogger({ name: 'clinic', level: config.BULKHEAD_LOG_LEVEL });
  const control = await connectControlPlane(config, logger);
  const workload = await openWorkload(config, control.exchange);
  const tokens = new TenantTokens({
    issuer: config.BULKHEAD_TOKEN_ISSUER,
    audience: 'clinic',
    keys: new URL(`${config.BULKHEAD_TOKEN_ISSUER}/v1/.well-known/jwks.json`),
    isRevoked: (token) => control.isRevoked(token),
  });
  const app = await createClinic({ ...workload, tokens, logger });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info('Stopping.');
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    await app.close();
    await workload.close();
    await control.close();
    logger.info('Stopped.');
  };
  const onSignal = (): void => {
    stop().catch((error: unknown) => {
      logger.error('It could not be stopped in order.', { error });
      process.exitCode = 1;
    });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  await app.listen(config.CLINIC_PORT, config.CLINIC_HOST);
  const { port } = app.getHttpServer().address() as { port: number };
  logger.info('Listening.', { host: config.CLINIC_HOST, port });
}

main().catch((error: unknown) => {
  if (error instanceof BulkheadError) process.stderr.write(`${error.publicMessage} ${error.remediation}\n`);
  else createLogger({ name: 'clinic' }).fatal('The clinic could not start.', { error });
  process.exit(1);
});
