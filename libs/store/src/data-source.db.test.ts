import { waitFor } from '@bulkhead/kernel';
import { openControlDatabase } from './data-source.js';
import { startTestPostgres } from './testing/postgres.js';

describe('the control database', () => {
  it('outlives a connection that is cut between two statements, while nobody waits on it', async () => {
    const database = await startTestPostgres();
    const [source, superuser] = await Promise.all([
      openControlDatabase(database.apiUrl, 1),
      openControlDatabase(database.superuserUrl, 1),
    ]);
    const runner = source.createQueryRunner();
    await runner.connect();
    const [{ pid }] = await runner.query('select pg_backend_pid() as pid');
    await superuser.query('select pg_terminate_backend($1)', [pid]);
    await waitFor('the session to be gone', async () => {
      const rows = await superuser.query('select 1 from pg_stat_activity where pid = $1', [pid]);
      return rows.length === 0;
    });
    await runner.release().catch(() => undefined);
    expect(await source.query('select 1 as one')).toEqual([{ one: 1 }]);
    await Promise.all([source.destroy(), superuser.destroy()]);
    await database.stop();
  });

  it('ends a statement that takes half a minute, and stops waiting for a server that does not answer', async () => {
    const database = await startTestPostgres();
    const source = await openControlDatabase(database.apiUrl, 1);
    expect(await source.query('show statement_timeout')).toEqual([{ statement_timeout: '30s' }]);
    expect(source.driver).toMatchObject({ master: { options: { query_timeout: 35_000 } } });
    await source.destroy();
    await database.stop();
  });
});
