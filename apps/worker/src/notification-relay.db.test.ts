import { UndeliverableError, type Notification } from '@bulkhead/integrations';
import { newId } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { NotificationRelay } from './notification-relay.js';

const logger = createLogger({ name: 'test', level: 'silent' });
let database: TestDatabase;
let source: DataSource;
let superuser: pg.Client;
const sent: Notification[] = [];
let fault: Error | undefined;
const webhook = {
  async send(notification: Notification): Promise<void> {
    sent.push(notification);
    if (fault) throw fault;
  },
};

beforeAll(async () => {
  database = await startTestPostgres();
  source = await openControlDatabase(database.workerUrl);
  superuser = new pg.Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  await superuser.query('alter table control.notifications drop constraint notifications_tenant_id_fkey');
});
afterAll(async () => {
  await source.destroy();
  await superuser.end();
  await database.stop();
});
beforeEach(async () => {
  fault = undefined;
  sent.length = 0;
  await superuser.query('truncate control.notifications');
});

async function promise(channel: 'webhook' | 'email' = 'webhook'): Promise<string> {
  const id = newId('notification');
  const recipient = channel === 'email' ? 'a@b.example' : null;
  await superuser.query(
    `insert into control.notifications (id, tenant_id, channel, recipient, message) values ($1, 'ten_1', $2, $3, '{"type":"t"}')`,
    [id, channel, recipient],
  );
  return id;
}
const row = async (id: string) =>
  (
    await superuser.query(
      `select state, attempts, last_error, extract(epoch from next_attempt_at - now())::int as wait from control.notifications where id = $1`,
      [id],
    )
  ).rows[0];
const deliver = (channels = { webhook }) => new NotificationRelay(source, channels, logger).deliver();

describe('the notification relay', () => {
  it('sends each notification once, also with two workers', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => promise()));
    const tried = await Promise.all([deliver(), deliver()]);
    expect(tried[0] + tried[1]).toBe(20);
    expect(sent.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(await row(ids[0] ?? '')).toMatchObject({ state: 'sent', attempts: 1, last_error: null });
    expect(await deliver()).toBe(0);
  });

  it('tries again later under the same id, and gives up in the end', async () => {
    const id = await promise();
    fault = new Error('The webhook answered 500.');
    await deliver();
    expect(await row(id)).toMatchObject({ state: 'waiting', attempts: 1, last_error: fault.message, wait: 5 });
    expect(await deliver()).toBe(0);
    for (let attempt = 2; attempt <= 10; attempt += 1) {
      await superuser.query('update control.notifications set next_attempt_at = now()');
      await deliver();
    }
    expect(await row(id)).toMatchObject({ state: 'given_up', attempts: 10 });
    expect(new Set(sent.map((notification) => notification.id))).toEqual(new Set([id]));
  });

  it('goes on after one that nobody can deliver', async () => {
    fault = new UndeliverableError('gone');
    const [gone, mail] = [await promise(), await promise('email')];
    expect(await deliver()).toBe(2);
    expect(await row(gone)).toMatchObject({ state: 'given_up', attempts: 1 });
    expect(await row(mail)).toMatchObject({ state: 'given_up', last_error: 'This channel is not configured.' });
  });
});
