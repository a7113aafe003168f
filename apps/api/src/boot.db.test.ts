import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Public } from '@bulkhead/control';
import { waitFor } from '@bulkhead/kernel';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { guardEntrance } from './auth/entrance.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await startTestPostgres();
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-api-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.stop();
});

@Controller('open')
class OpenController {
  @Get()
  @Public()
  get(): string {
    return 'open';
  }
}

@Controller('forgotten')
class ForgottenController {
  @Get()
  get(): string {
    return 'forgotten';
  }
}

@Module({})
class Routes {}

async function boot(...controllers: (new () => object)[]): Promise<void> {
  const adapter = new FastifyAdapter();
  guardEntrance(adapter.getInstance<FastifyInstance>(), {});
  const options = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>({ module: Routes, controllers }, adapter, options);
  try {
    await app.init();
  } finally {
    await app.close();
  }
}

describe('the start', () => {
  it('is refused while a route does not say who may call it, naming the route', async () => {
    await expect(boot(OpenController)).resolves.toBeUndefined();
    await expect(boot(OpenController, ForgottenController)).rejects.toThrow(
      'GET /forgotten does not say who may call it',
    );
  });
});

describe('the process', () => {
  function start(env: Record<string, string>): ChildProcess & { lines: string[]; complaints: string[] } {
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    const complaints: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
    return Object.assign(child, { lines, complaints });
  }

  it('says everything that is missing or wrong in its environment, without the values, and exits', async () => {
    const api = start({ BULKHEAD_API_PORT: 'port-canary', BULKHEAD_OIDC_ISSUER: 'http://idp-canary.example' });
    expect(await once(api, 'exit')).toEqual([1, null]);
    const said = await waitFor('the complaint', () => api.complaints.join('\n'));
    const wrong = ['BULKHEAD_DATABASE_URL', 'BULKHEAD_OIDC_AUDIENCE', 'BULKHEAD_OIDC_ISSUER', 'BULKHEAD_API_PORT'];
    for (const name of [...wrong, 'BULKHEAD_TOKEN_ISSUER', 'BULKHEAD_TOKEN_KEY_FILE']) expect(said).toContain(name);
    expect(said).toContain('https');
    expect(said).not.toContain('canary');
  });

  const configured = (keyFile: string) => ({
    BULKHEAD_DATABASE_URL: database.apiUrl,
    BULKHEAD_API_PORT: '0',
    BULKHEAD_OIDC_ISSUER: 'http://127.0.0.1:9',
    BULKHEAD_OIDC_AUDIENCE: 'bulkhead-api',
    BULKHEAD_TOKEN_ISSUER: 'http://127.0.0.1:9',
    BULKHEAD_TOKEN_KEY_FILE: keyFile,
  });

  it.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is too short', randomBytes(31).toString('base64')],
    ['is no base64', 'canary-'.repeat(7)],
  ])('does not start when its token key file %s, and shows nothing of it', async (_, text) => {
    const file = join(folder, randomUUID());
    if (text !== undefined) await writeFile(file, text);
    const api = start(configured(file));
    expect(await once(api, 'exit')).toEqual([1, null]);
    const said = await waitFor('the complaint', () => api.complaints.join('\n'));
    expect(said).toContain('BULKHEAD_TOKEN_KEY_FILE');
    expect([...api.lines, said].join('')).not.toContain(text || 'canary');
  });

  it('listens, answers, and ends in order on SIGTERM', async () => {
    const file = join(folder, 'token-key');
    await writeFile(file, `${randomBytes(32).toString('base64')}\n`);
    const api = start(configured(file));
    try {
      const listening = await waitFor('the API to listen', () => api.lines.find((line) => line.includes('Listening.')));
      const { host, port } = JSON.parse(listening) as { host: string; port: number };
      expect(host).toBe('127.0.0.1');
      const answer = await fetch(`http://${host}:${port}/v1/health/ready`);
      expect(await answer.json()).toEqual({ ready: true, checks: { database: 'up' } });
      api.kill('SIGTERM');
      expect(await once(api, 'exit')).toEqual([0, null]);
      expect(await waitFor('the last line', () => api.lines.find((line) => line.includes('Stopped.')))).toContain(
        'Stopped.',
      );
      expect([...api.lines, ...api.complaints].join('')).not.toContain('test-only');
    } finally {
      api.kill('SIGKILL');
    }
  });
});
