import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call to the AWS API as the proxy sees it. */
export interface AwsCall {
  /** `KMS.CreateKey`, `SQS.CreateQueue`, `RDS.CreateDBInstance`, `S3.PUT /bucket` … */
  readonly name: string;
  readonly body: string;
}

/** What happens to the calls that a fault matches. */
export type Fault =
  /** Carried out, and the connection is cut instead of answering. */
  | 'lose_answer'
  /** Refused as AWS refuses what a policy forbids, and not carried out. */
  | 'deny'
  /** Not carried out before the test says so. */
  | 'hold'
  /** Carried out at once, answered when the test says so. */
  | 'hold_answer';

/** A fault that waits for calls. */
export interface PlantedFault {
  /** Calls that it has met. */
  readonly met: readonly AwsCall[];
  /** Lets held calls go on; those that come later pass. */
  lift(): void;
}

interface Planted extends PlantedFault {
  readonly kind: Fault;
  readonly matches: (call: AwsCall) => boolean;
  readonly met: AwsCall[];
  readonly lifted: Promise<void>;
  left: number;
}

// Query protocol names its action in the body, JSON protocols in a header, S3 in method and path.
function nameOf({ method, url = '', headers }: IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    const [service = '', action] = target.split('.');
    return `${/KMS|Trent/i.test(service) ? 'KMS' : /sqs/i.test(service) ? 'SQS' : service}.${action}`;
  }
  const action = /(?:^|&)Action=([A-Za-z]+)/.exec(body)?.[1];
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
  return action === undefined ? `${scope.toUpperCase()}.${method} ${url}` : `${scope.toUpperCase()}.${action}`;
}

function denial(request: IncomingMessage, name: string): { status: number; type: string; text: string } {
  const message = `User is not authorized to perform: ${name} (planted by a test)`;
  if (request.headers['x-amz-target'] !== undefined) {
    const text = JSON.stringify({ __type: 'AccessDeniedException', message, Message: message });
    return { status: 400, type: 'application/x-amz-json-1.1', text };
  }
  const error = `<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`;
  const text = name.startsWith('S3.') ? error : `<ErrorResponse>${error}</ErrorResponse>`;
  return { status: 403, type: 'text/xml', text };
}

/** Stands before the AWS API emulator and does to chosen calls what networks and policies do to them. */
export class AwsProxy {
  /** Names of all calls so far, in order. */
  readonly calls: string[] = [];
  readonly #planted: Planted[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async start(endpoint: string): Promise<AwsProxy> {
    const server = createServer((request, response) => {
      proxy.#serve(request, response).catch(() => request.socket.destroy());
    });
    const proxy = new AwsProxy(server, new URL(endpoint));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @param times how many calls it meets at most; for ever, until it is lifted, by default. */
  plant(kind: Fault, matches: (call: AwsCall) => boolean, times = Number.POSITIVE_INFINITY): PlantedFault {
    const { promise: lifted, resolve } = Promise.withResolvers<void>();
    const planted: Planted = {
      kind,
      matches,
      met: [],
      lifted,
      left: times,
      lift: () => {
        planted.left = 0;
        resolve();
      },
    };
    this.#planted.push(planted);
    return planted;
  }

  /** Lifts every fault. */
  heal(): void {
    for (const planted of this.#planted.splice(0)) planted.lift();
  }

  async stop(): Promise<void> {
    this.heal();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const call: AwsCall = { name: nameOf(request, body.toString()), body: body.toString() };
    this.calls.push(call.name);
    const fault = this.#planted.find((planted) => planted.left > 0 && planted.matches(call));
    if (fault) {
      fault.left -= 1;
      fault.met.push(call);
    }
    if (fault?.kind === 'deny') {
      const { status, type, text } = denial(request, call.name);
      response.writeHead(status, { 'content-type': type }).end(text);
      return;
    }
    if (fault?.kind === 'hold') await fault.lifted;
    const { answer, text } = await this.#forward(request, body);
    if (fault?.kind === 'hold_answer') await fault.lifted;
    if (fault?.kind === 'lose_answer') request.socket.destroy();
    else response.writeHead(answer.statusCode ?? 502, answer.headers).end(text);
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<{ answer: IncomingMessage; text: Buffer }> {
    const { method, url: path, headers } = request;
    const forwarded = send({ host: this.target.hostname, port: this.target.port, method, path, headers });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { answer, text: Buffer.concat(chunks) };
  }
}
