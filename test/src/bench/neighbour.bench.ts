import { setTimeout as work } from 'node:timers/promises';
import { physicalNames } from '@bulkhead/domain';
import { waitFor } from '@bulkhead/kernel';
import { homeOf } from '@bulkhead/planes';
import { currentTenant, TenantConsumer } from '@bulkhead/tenancy';
import pg from 'pg';
import { TenancyStage } from '../tenancy/tenancy-stage.js';
import { compare, type Side } from './paired.js';
import { report, save } from './report.js';

// What the neighbours of a noisy tenant feel, in one cell. Usage: node neighbour.bench.js [pairs] [file for the JSON]

const [pairs = '60', file = 'bench-neighbour.json'] = process.argv.slice(2);
const BACKLOG = 10_000;
/** What handling a message takes. */
const HANDLER_MS = 20;

const stage = await TenancyStage.start();
try {
  const noisy = await stage.tenant('shared');
  const quiet = await stage.tenant('shared');
  const home = homeOf(noisy.placed);
  if (!home) throw new Error('The tenant has no home');
  const { queues, databases } = await stage.service();
  const superuser = new pg.Client({
    ...stage.engines.plane.rds.superuserOf(physicalNames(home.id).instance),
    database: home.database.database,
  });
  await superuser.connect();
  stage.onStop(() => superuser.end());

  const started = new Set<string>();
  let ofNoisy = 0;
  const consumer = new TenantConsumer({
    queues,
    connect: stage.consumerLogin,
    homes: () => [home.id],
    contextFor: async (tenantId) => [noisy, quiet].find(({ placed }) => placed.tenantId === tenantId)!.context,
    handlers: {
      visit: async ({ id }) => {
        if (currentTenant().tenantId === noisy.placed.tenantId) ofNoisy++;
        else started.add(id);
        await work(HANDLER_MS);
      },
    },
    concurrency: 8,
  });

  process.stderr.write(`Sending ${BACKLOG.toLocaleString('en')} messages of one tenant…\n`);
  const send = async () => {
    for (let n = 0; n < BACKLOG / 20; n++) await queues.send(noisy.context, 'visit', { n });
  };
  await Promise.all(Array.from({ length: 20 }, send));
  await superuser.query(`CREATE SCHEMA bench; CREATE TABLE bench.message AS SELECT * FROM bulkhead.message;
    CREATE TABLE bench.lane AS SELECT * FROM bulkhead.lane`);
  const { rows } = await superuser.query(`SELECT nspowner::regrole AS owner FROM pg_namespace WHERE nspname = 'app'`);
  await superuser.query(`SET ROLE ${rows[0].owner};
    CREATE TABLE app.visit (tenant_id text COLLATE "C", id int, PRIMARY KEY (tenant_id, id));
    INSERT INTO app.visit SELECT '${quiet.placed.tenantId}', generate_series(1, 1000);
    SELECT bulkhead.protect('app.visit'); RESET ROLE`);
  consumer.start();
  stage.onStop(() => consumer.stop());

  const someDeleted = `DELETE FROM bulkhead.message WHERE (tenant_id, id) IN
    (SELECT tenant_id, id FROM bulkhead.message FOR UPDATE SKIP LOCKED)`;
  const empty: Side = async () => {
    await waitFor('the queue to be empty', async () => {
      await superuser.query(someDeleted);
      return (await superuser.query('SELECT FROM bulkhead.message')).rowCount === 0;
    });
  };
  const backlog: Side = async () => {
    await empty();
    const before = ofNoisy;
    await superuser.query(`INSERT INTO bulkhead.message SELECT * FROM bench.message;
      INSERT INTO bulkhead.lane SELECT * FROM bench.lane ON CONFLICT DO NOTHING`);
    await waitFor('the backlog to be worked on', () => ofNoisy > before, { intervalMs: 1, timeoutMs: 30_000 });
  };
  const wait: Side = async () => {
    const id = await queues.send(quiet.context, 'visit', {});
    await waitFor('its turn', () => started.has(id), { intervalMs: 1, timeoutMs: 30_000 });
  };
  const read: Side = async () => {
    await databases.query(quiet.context, { name: 'visit', text: 'SELECT * FROM app.visit WHERE id = 500' });
  };
  const beside = { subject: backlog, against: empty };
  const results = await compare(
    [
      {
        name: 'A/A control, wait',
        subject: wait,
        against: wait,
        before: { subject: empty, against: empty },
        repeats: 5,
      },
      {
        name: 'A/A control, read',
        subject: read,
        against: read,
        before: { subject: empty, against: empty },
        repeats: 50,
      },
      {
        name: 'wait for a handler: 10,000 of another waiting ÷ empty',
        subject: wait,
        against: wait,
        before: beside,
        repeats: 5,
      },
      {
        name: 'point read: 10,000 of another being worked on ÷ empty',
        subject: read,
        against: read,
        before: beside,
        repeats: 50,
      },
    ],
    Number(pairs),
  );
  report(results);
  await save(file, { backlog: BACKLOG, handlerMs: HANDLER_MS, results });
} finally {
  await stage.stop();
}
