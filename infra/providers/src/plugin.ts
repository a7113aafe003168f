import { bulkheadPackage } from './bulkhead/package.js';
import { awsSettings } from './environment.js';
import { processEnd } from './process-end.js';
import { failureOf } from './protocol/failure.js';
import { serveProvider } from './protocol/server.js';

/** The `bulkhead` plugin as the Pulumi CLI starts it: prints its port on the first line and serves until it ends. */
async function main(): Promise<void> {
  const ended = processEnd();
  const server = await serveProvider(bulkheadPackage(awsSettings(process.env)));
  process.stdout.write(`${server.port}\n`);
  await ended;
  await server.stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const { code, message, remedy } = failureOf(error);
    process.stderr.write(`${code}: ${message} ${remedy}\n`);
    process.exit(1);
  },
);
