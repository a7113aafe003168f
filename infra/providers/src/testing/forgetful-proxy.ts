import { createServer, request as send } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A proxy before the AWS emulator that loses answers. */
export interface ForgetfulProxy {
  readonly endpoint: string;
  /** Lets the next request that matches be carried out, and cuts the connection instead of answering. */
  loseAnswerOf(matches: (call: { method: string; path: string; target: string; body: string }) => boolean): void;
  lost(): number;
  stop(): Promise<void>;
}

export async function startForgetfulProxy(endpoint: string): Promise<ForgetfulProxy> {
  let unlucky: Parameters<ForgetfulProxy['loseAnswerOf']>[0] | undefined;
  let lost = 0;
  const target = new URL(endpoint);
  const server = createServer((incoming, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const { method = '', url: path = '', headers } = incoming;
      const lose =
        unlucky?.({ method, path, target: String(headers['x-amz-target'] ?? ''), body: body.toString() }) === true;
      if (lose) unlucky = undefined;
      const forwarded = send({ host: target.hostname, port: target.port, method, path, headers });
      forwarded.end(body);
      const [answer] = (await once(forwarded, 'response')) as [import('node:http').IncomingMessage];
      const answered: Buffer[] = [];
      for await (const chunk of answer) answered.push(chunk as Buffer);
      if (lose) {
        lost += 1;
        incoming.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers).end(Buffer.concat(answered));
    })().catch(() => incoming.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswerOf: (matches) => {
      unlucky = matches;
      lost = 0;
    },
    lost: () => lost,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
