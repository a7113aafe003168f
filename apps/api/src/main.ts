import { BulkheadError } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { createApi } from './api.js';
import { readApiConfig } from './config.js';
import { readTokenSecret } from './token-secret.js';

/** How long requests that are being handled may take to end, once the process was told to stop. */
const GRACE_MS = 20_000;

async function main(): Promise<void> {
  const config = readApiConfig();
  const logger = createLogger({ name: 'api', level: config.BULKHEAD_LOG_LEVEL });
  const tokenSecret = await readTokenSecret(config.BULKHEAD_TOKEN_KEY_FILE);
  const source = await openControlDatabase(config.BULKHEAD_DATABASE_URL);
  const app = await createApi({
    source,
    logger,
    bucketPrefix: config.BULKHEAD_BUCKET_PREFIX,
    auditPublicKeys: config.BULKHEAD_AUDIT_PUBLIC_KEYS,
    tokenIssuer: config.BULKHEAD_TOKEN_ISSUER,
    tokenSecret,
    oidcIssuer: config.BULKHEAD_OIDC_ISSUER,
    oidcAudience: config.BULKHEAD_OIDC_AUDIENCE,
    requestsPerMinute: config.BULKHEAD_API_REQUESTS_PER_MINUTE,
    trustedProxies: config.BULKHEAD_TRUSTED_PROXIES,
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info('Stopping.');
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    await app.close();
    await source.destroy();
    logger.info('Stopped.');
  };
  const onSignal = (): void => {
    stop().catch((error: unknown) => {
      logger.error('It could not be stopped in order.', { error });
      process.exitCode = 1;
    });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  await app.listen(config.BULKHEAD_API_PORT, config.BULKHEAD_API_HOST);
  const { port } = app.getHttpServer().address() as { port: number };
  logger.info('Listening.', { host: config.BULKHEAD_API_HOST, port });
}

main().catch((error: unknown) => {
  const known = error instanceof BulkheadError;
  process.stderr.write(known ? `${error.publicMessage} ${error.remediation}\n` : '');
  if (!known) createLogger({ name: 'api' }).fatal('The API could not start.', { error });
  process.exit(1);
});
