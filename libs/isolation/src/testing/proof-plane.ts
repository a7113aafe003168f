import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { startTestPostgres } from '@bulkhead/store/testing';
import pg from 'pg';
import { connected } from '../database/attempts.js';
import type { DatabaseTarget } from '../database/target.js';
import { PLAIN_WORKLOAD } from '../database/workload-profile.js';

const PLANE_SCHEMA = new URL('../../../../infra/providers/src/bulkhead/plane-schema/', import.meta.url);
const PASSWORD = 'test-only';
const HOME = 'cel_1';

/** The workload of the proof's tests: keys, references, partitions, views, enums, checks, and rows of two tenants. */
const WORKLOAD = `
  CREATE TYPE app.sex AS ENUM ('female', 'male', 'other');
  CREATE TABLE app.patient (tenant_id text COLLATE "C", id uuid, mrn text NOT NULL, name text NOT NULL, sex app.sex NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'merged')), chart jsonb NOT NULL, born date, weight numeric CHECK (weight > 0),
    code text CHECK (code ~ '^pat_[0-9a-f]{8}$'), PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, mrn));
  CREATE TABLE app.visit (tenant_id text COLLATE "C", id bigint GENERATED ALWAYS AS IDENTITY, patient_id uuid NOT NULL, note text,
    PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, patient_id) REFERENCES app.patient);
  CREATE TABLE app.event (tenant_id text COLLATE "C", id int, body text, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
  CREATE TABLE app.event_0 PARTITION OF app.event FOR VALUES WITH (MODULUS 1, REMAINDER 0);
  CREATE SEQUENCE app.number;
  CREATE VIEW app.patient_list WITH (security_invoker = true) AS SELECT * FROM app.patient;
  CREATE FUNCTION app.patient_count() RETURNS bigint LANGUAGE sql STABLE RETURN (SELECT count(*) FROM app.patient);
  SELECT bulkhead.protect(t) FROM unnest('{app.patient,app.visit,app.event}'::regclass[]) t;
  ALTER TABLE app.patient DISABLE TRIGGER tenant_fence; ALTER TABLE app.visit DISABLE TRIGGER tenant_fence;
  INSERT INTO bulkhead.tenant_home VALUES ('ten_one', '${HOME}', 1), ('ten_two', '${HOME}', 1);
  INSERT INTO app.patient SELECT t, gen_random_uuid(), 'mrn ' || t || n, 'Ada of ' || t, 'female', 'active', '{}', '1960-01-01', 60, NULL
    FROM unnest('{ten_one,ten_two}'::text[]) t, generate_series(1, 20) n;
  INSERT INTO app.visit (tenant_id, patient_id, note) SELECT tenant_id, id, 'for ' || name FROM app.patient;
  ALTER TABLE app.patient ENABLE TRIGGER tenant_fence; ALTER TABLE app.visit ENABLE TRIGGER tenant_fence;`;

/** A server with a sound tenant database that is copied for each leak. */
export interface ProofPlane {
  readonly ownerRole: string;
  readonly servingRole: string;
  readonly consumerRole: string;
  /**
   * Runs `work` on a fresh copy, as CREATE DATABASE … TEMPLATE makes it.
   * @param change SQL of a superuser on the copy; {owner}, {app}, {consumer} and {db} stand for names. Roles belong
   * to the server: `undo` takes back what was done to them.
   */
  onCopy<T>(
    leak: { readonly change?: string; readonly undo?: string },
    work: (target: DatabaseTarget) => Promise<T>,
  ): Promise<T>;
  /** Asks the copy as a superuser. */
  query(target: DatabaseTarget, sql: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/**
 * @param workload SQL of the tables that the copies hold, run as the owner.
 * @param profile what the proof must know of it.
 */
export async function startProofPlane({ workload = WORKLOAD, profile = PLAIN_WORKLOAD } = {}): Promise<ProofPlane> {
  const template = await startTestPostgres({ migrated: false });
  const names = {
    owner: `${template.name}_owner`,
    app: `${template.name}_app`,
    consumer: `${template.name}_consumer`,
    master: `${template.name}_master`,
  };
  const at = (database: string): pg.ClientConfig => {
    const url = new URL(template.superuserUrl);
    url.pathname = `/${database}`;
    return { connectionString: url.toString() };
  };
  await connected(at(template.name), (client) => build(client, template.name, names, workload));
  return {
    ownerRole: names.owner,
    servingRole: names.app,
    consumerRole: names.consumer,
    async onCopy({ change, undo }, work) {
      const db = `${template.name}_${randomBytes(4).toString('hex')}`;
      const run = (sql: string) =>
        connected(at(db), (client) =>
          client.query(
            sql
              .replaceAll('{app}', names.app)
              .replaceAll('{consumer}', names.consumer)
              .replaceAll('{owner}', names.owner)
              .replaceAll('{master}', names.master)
              .replaceAll('{db}', db),
          ),
        );
      await connected(at('postgres'), (client) =>
        client.query(`CREATE DATABASE ${db} TEMPLATE ${template.name} OWNER ${names.owner}`),
      );
      try {
        await run(
          'REVOKE ALL ON DATABASE {db} FROM PUBLIC; GRANT CONNECT ON DATABASE {db} TO {app}, {consumer}, {master}',
        );
        if (change) await run(change);
        return await work({ ...targetOf(template.superuserUrl, db, names), profile });
      } finally {
        if (undo) await run(undo);
        await connected(at('postgres'), (client) => client.query(`DROP DATABASE ${db} WITH (FORCE)`));
      }
    },
    query: (target, sql) =>
      connected(at(databaseOf(target)), async (client) => (await client.query<Record<string, unknown>>(sql)).rows),
    async stop() {
      await template.stop();
      await connected(at('postgres'), (client) =>
        client.query(
          Object.values(names)
            .map((role) => `DROP ROLE ${role}`)
            .join('; '),
        ),
      );
    },
  };
}

interface Names {
  readonly owner: string;
  readonly app: string;
  readonly consumer: string;
  readonly master: string;
}

/** The database that a target of these tests is in. */
export function databaseOf({ admin }: DatabaseTarget): string {
  return new URL(admin.connectionString ?? '').pathname.slice(1);
}

function targetOf(
  superuserUrl: string,
  database: string,
  { owner, app, consumer, master }: Names,
): Omit<DatabaseTarget, 'profile'> {
  const login = (username: string): pg.ClientConfig => {
    const url = new URL(superuserUrl);
    url.pathname = `/${database}`;
    url.username = username;
    url.password = PASSWORD;
    return { connectionString: url.toString() };
  };
  return {
    kind: 'database',
    name: HOME,
    admin: login(master),
    serving: login(app),
    ownerRole: owner,
    servingRole: app,
    consumerRole: consumer,
    operators: [],
    leastTenantTables: 3,
  };
}

/** The roles as the provider makes them: by a master that is neither superuser nor BYPASSRLS. */
async function build(
  client: pg.Client,
  database: string,
  { owner, app, consumer, master }: Names,
  workload: string,
): Promise<void> {
  await client.query(`CREATE ROLE ${master} LOGIN CREATEROLE CREATEDB PASSWORD '${PASSWORD}'; SET ROLE ${master};
    CREATE ROLE ${owner} NOLOGIN; GRANT ${owner} TO ${master} WITH SET TRUE, INHERIT FALSE;
    CREATE ROLE ${app} LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE ${consumer} LOGIN PASSWORD '${PASSWORD}'; RESET ROLE;
    ALTER DATABASE ${database} OWNER TO ${owner}; REVOKE ALL ON SCHEMA public FROM PUBLIC`);
  await client.query(`SET ROLE ${owner}; CREATE SCHEMA bulkhead`);
  const files = readdirSync(PLANE_SCHEMA).filter((file) => file.endsWith('.sql'));
  for (const file of files.sort()) await client.query(readFileSync(new URL(file, PLANE_SCHEMA), 'utf8'));
  await client.query(`CREATE OR REPLACE FUNCTION bulkhead.this_home() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '${HOME}'::pg_catalog.text COLLATE pg_catalog."C"`);
  await client.query(`GRANT USAGE ON SCHEMA app TO ${app};
    ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${app};
    ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE ON SEQUENCES TO ${app};
    SELECT bulkhead.let_call('${app}', 'serving'), bulkhead.let_call('${consumer}', 'consumer')`);
  await client.query(workload);
}
