import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { type Engines, startEngines } from './engines.js';
import { identify, signal } from './process-identity.js';
import { resetStack } from './reset.js';
import { makeStackFolder, processesOf, spawnSupervisor } from './testing/stack-folder.js';

function kms({ aws }: Engines): KMSClient {
  return new KMSClient({ endpoint: aws.endpoint, region: aws.region, credentials: aws.provisioner });
}

async function nothingRuns(dir: string): Promise<void> {
  await waitFor('the end of all processes', () => processesOf(dir).length === 0, { timeoutMs: 20_000 }).catch(
    (error: unknown) => {
      throw new Error(`still running: ${processesOf(dir).join('; ')}`, { cause: error });
    },
  );
}

describe('engines, started again', () => {
  const { dir, remove } = makeStackFolder();
  let running: Engines | undefined;
  const start = async (): Promise<Engines> => (running = await startEngines({ dir }));
  const stop = async () => {
    await running?.stop();
    running = undefined;
  };
  afterEach(stop);
  afterAll(remove);

  it('stops in order without leaving a process and keeps the state and the addresses', async () => {
    const first = await start();
    const { KeyMetadata: key } = await kms(first).send(new CreateKeyCommand({}));
    const addresses = [first.aws.endpoint, first.temporal.address, first.identity.issuer, first.postgres.urls.api];
    expect(processesOf(dir).length).toBeGreaterThanOrEqual(3);
    await stop();
    await nothingRuns(dir);
    const second = await start();
    expect([second.aws.endpoint, second.temporal.address, second.identity.issuer, second.postgres.urls.api]).toEqual(
      addresses,
    );
    const { Keys = [] } = await kms(second).send(new ListKeysCommand({}));
    expect(Keys.map(({ KeyId }) => KeyId)).toContain(key?.KeyId);
  });

  it('survives kill -9 of the supervisor: the guardian stops the parts in order and the state is kept', async () => {
    const run = await spawnSupervisor(dir);
    run.child.kill('SIGKILL');
    await nothingRuns(dir);
    await expect(start()).resolves.toBeDefined();
  });

  it('stops the leftovers of a run whose supervisor and guardian were both killed', async () => {
    const run = await spawnSupervisor(dir);
    signal(run.guardian, 'SIGKILL');
    run.child.kill('SIGKILL');
    await waitFor('the end of the supervisor', () => run.child.signalCode !== null);
    expect(run.pids.every((pid) => identify(pid) !== undefined)).toBe(true);
    const engines = await start();
    expect(run.pids.some((pid) => identify(pid) !== undefined)).toBe(false);
    await engines.stop();
    running = undefined;
    await nothingRuns(dir);
  });

  it('leaves a process alone whose number stands in an old pid file', async () => {
    const innocent = { pid: process.ppid, startedAt: 'another-boot/1' };
    writeFileSync(`${dir}/run/postgres.json`, JSON.stringify({ process: innocent, stopSignal: 'SIGKILL' }));
    await start();
    expect(identify(process.ppid)).toBeDefined();
  });

  it('moves a part to another port when its own was taken, but refuses for a port that others have stored', async () => {
    await (await start()).stop();
    running = undefined;
    const ports = JSON.parse(readFileSync(`${dir}/ports.json`, 'utf8')) as Record<string, number>;
    const squatter = createServer();
    const listen = (port: number) => new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    const close = () => new Promise((resolve) => squatter.close(resolve));
    await listen(ports.temporal as number);
    const moved = await start();
    expect(moved.temporal.address).not.toBe(`127.0.0.1:${ports.temporal}`);
    await stop();
    await close();
    await listen(ports.aws as number);
    await expect(start()).rejects.toMatchObject({
      code: 'local_port_taken',
      publicMessage: expect.stringMatching(new RegExp(`${ports.aws}.*process ${process.pid}`)),
    });
    await close();
    await nothingRuns(dir);
  });

  it('brings a killed database server back, though a session of it was at work', async () => {
    const { postgres } = await start();
    const client = new pg.Client(postgres.urls.api);
    client.on('error', () => undefined);
    await client.connect();
    // Busy without waiting for anything, a session does not notice that its server was killed.
    const busy = client.query(
      `do $$ begin while clock_timestamp() < now() + interval '3 seconds' loop end loop; end $$`,
    );
    await waitFor('the session to be at work', async () => {
      const other = new pg.Client(postgres.urls.api);
      await other.connect();
      const { rowCount } = await other.query(
        `select from pg_stat_activity where query like 'do %' and state = 'active'`,
      );
      await other.end();
      return rowCount === 1;
    });
    await postgres.process.kill();
    await postgres.process.start();
    // It may even have answered: nobody told it to end.
    await busy.catch(() => undefined);
    await client.end().catch(() => undefined);
    const again = new pg.Client(postgres.urls.api);
    await again.connect();
    expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await again.end();
  });

  it('is not reset while it runs', async () => {
    await start();
    await expect(resetStack(dir, () => undefined)).rejects.toMatchObject({ code: 'local_stack_running' });
  });

  it('says that the emulator lost its state after it was killed, and leaves nothing running', async () => {
    const engines = await start();
    await kms(engines).send(new CreateKeyCommand({}));
    await engines.aws.process.kill();
    await stop();
    await expect(start()).rejects.toMatchObject({
      code: 'local_aws_state_lost',
      publicMessage: 'The AWS emulator lost its state (the last run was killed).',
      remediation: expect.stringContaining('npm run reset'),
    });
    await nothingRuns(dir);
  });

  it('begins anew after a reset', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'local_aws_state_lost' });
    const lines: string[] = [];
    await resetStack(dir, (line) => lines.push(line));
    expect(lines.join()).toContain(`Removing ${dir}`);
    expect(existsSync(dir)).toBe(false);
    const { Keys = [] } = await kms(await start()).send(new ListKeysCommand({}));
    expect(Keys).toEqual([]);
  });

  it('removes no folder that is not a state folder', async () => {
    const other = makeStackFolder();
    await expect(resetStack(other.dir, () => undefined)).rejects.toMatchObject({ code: 'local_not_a_state_folder' });
    expect(existsSync(other.dir)).toBe(true);
    other.remove();
  });
});
