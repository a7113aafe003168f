import { Client, credentials } from '@grpc/grpc-js';
import type { ManagedProcess, Supervisor } from './supervisor.js';

/** The Temporal development server; its state is a file that survives kill -9. */
export interface TemporalServer {
  readonly process: ManagedProcess;
  /** host:port of the gRPC frontend. */
  readonly address: string;
  readonly namespace: string;
}

const SERVING = 1;

// grpc.health.v1.Health/Check by hand: the request is one string (field 1), the answer one enum (field 1).
function isServing(client: Client, service: string): Promise<boolean> {
  const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes[0] === 0x08 && bytes[1] === SERVING,
      request,
      { deadline: Date.now() + 1000 },
      (error, serving) => resolve(!error && serving === true),
    );
  });
}

function flags(port: number, httpPort: number, file: string): string[] {
  const dynamicConfig = [
    // Without it every task waits for a tick of 50 ms.
    'history.transferProcessorMaxPollRPS=1000',
    // Fairness keys are silently ignored without it, and they need one partition.
    'matching.enableFairness=true',
    'matching.numTaskqueueReadPartitions=1',
    'matching.numTaskqueueWritePartitions=1',
    // Registrations wait as updates of their cell's workflow; ten at a time would keep its groups at ten.
    'history.maxInFlightUpdates=500',
  ];
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--http-port', String(httpPort)],
    ...['--headless', '--db-filename', file, '--log-level', 'warn', '--search-attribute', 'TenantId=Keyword'],
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
    ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
  ];
}

/** Starts the server and waits until its frontend serves. */
export async function startTemporal(
  supervisor: Supervisor,
  options: { cli: string; port: number; httpPort: number },
): Promise<TemporalServer> {
  const { cli, port, httpPort } = options;
  const address = `127.0.0.1:${port}`;
  const process = await supervisor.launch({
    name: 'temporal',
    command: cli,
    args: flags(port, httpPort, supervisor.folder.path('temporal', 'temporal.db')),
    env: { HOME: supervisor.folder.path('temporal'), PATH: '' },
    cwd: supervisor.folder.dir,
    ready: async () => {
      const client = new Client(address, credentials.createInsecure());
      try {
        return await isServing(client, 'temporal.api.workflowservice.v1.WorkflowService');
      } finally {
        client.close();
      }
    },
  });
  return { process, address, namespace: 'default' };
}
