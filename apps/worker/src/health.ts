import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { readiness, type HealthCheck } from '@bulkhead/runtime';

/** Answers `GET /health` on the loopback interface: 200 while every part answers, 503 otherwise. */
export async function serveHealth(port: number, checks: Readonly<Record<string, HealthCheck>>): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/health') {
      response.writeHead(404).end();
      return;
    }
    void readiness(checks).then((result) => {
      response.writeHead(result.ready ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify(result));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
