import { awsStandIn } from './aws/package.js';
import { bulkheadPackage } from './bulkhead/package.js';
import { awsSettings, wantedPorts } from './environment.js';
import { processEnd } from './process-end.js';
import { failureOf } from './protocol/failure.js';
import { serveProvider } from './protocol/server.js';

/**
 * The local stack's provider servers: prints `{"aws":PORT,"bulkhead":PORT}` and serves until it is told to end.
 * Attach the Pulumi CLI with PULUMI_DEBUG_PROVIDERS=aws:PORT,bulkhead:PORT.
 */
async function main(): Promise<void> {
  const ended = processEnd();
  const settings = awsSettings(process.env);
  const ports = wantedPorts(process.env);
  const servers = await Promise.all([
    serveProvider(awsStandIn(settings), ports.aws),
    serveProvider(bulkheadPackage(settings), ports.bulkhead),
  ]);
  const [aws, bulkhead] = servers;
  process.stdout.write(`${JSON.stringify({ aws: aws.port, bulkhead: bulkhead.port })}\n`);
  await ended;
  await Promise.all(servers.map((server) => server.stop()));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const { code, message, remedy } = failureOf(error);
    process.stderr.write(`${code}: ${message} ${remedy}\n`);
    process.exit(1);
  },
);
