import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One AWS request as it passes. */
export interface PassingRequest {
  /** `X-Amz-Target` of JSON services, else method and path. */
  readonly operation: string;
  readonly body: string;
}

export type Fault = 'hold' | 'drop';

/**
 * Stands between the providers and the emulator and loses answers: the call has executed, and its caller never hears
 * of it. `hold` never answers, `drop` closes the connection.
 */
export interface AwsProxy {
  readonly endpoint: string;
  /** Loses the answer to the next matching call; resolves once the call has executed. */
  loseNext(fault: Fault, matches: (request: PassingRequest) => boolean): Promise<LostCall>;
  stop(): Promise<void>;
}

export interface LostCall {
  /** Whether its caller waits for the answer no longer. */
  isAbandoned(): boolean;
}

interface Trap {
  readonly fault: Fault;
  readonly matches: (request: PassingRequest) => boolean;
  readonly caught: (call: LostCall) => void;
}

export async function startAwsProxy(target: string): Promise<AwsProxy> {
  const traps = new Set<Trap>();
  const server = createServer((request, response) => {
    pass(target, traps, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNext(fault, matches) {
      const { promise, resolve } = Promise.withResolvers<LostCall>();
      traps.add({ fault, matches, caught: resolve });
      return promise;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(
  target: string,
  traps: Set<Trap>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await read(request);
  // The host that was signed goes along: the emulator checks signatures.
  const options = { method: request.method, path: request.url, headers: request.headers };
  const sent = forward(target, options).end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const answered = await read(answer);
  const operation = String(request.headers['x-amz-target'] ?? `${request.method} ${request.url}`);
  const trap = [...traps].find(({ matches }) => matches({ operation, body: body.toString() }));
  if (trap === undefined) {
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(answered);
    return;
  }
  traps.delete(trap);
  if (trap.fault === 'drop') response.destroy();
  trap.caught({ isAbandoned: () => response.closed });
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
