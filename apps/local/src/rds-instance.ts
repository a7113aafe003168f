import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { ensureLogin, withClient } from './postgres-sql.js';
import { ensureDataFolder, launchPostgres, SUPERUSER } from './postgres-server.js';
import type { PortBook } from './ports.js';
import { readJson, writePrivateFile } from './state-folder.js';
import type { ManagedProcess, Supervisor } from './supervisor.js';
import { giveToServerUser } from './unprivileged.js';

/** What is kept of an instance, `rds/<identifier>/instance.json`; its passwords are only in the server itself. */
export interface InstanceRecord {
  readonly identifier: string;
  readonly port: number;
  readonly masterUsername: string;
  readonly allocatedStorage: number;
  readonly engineVersion: string;
}

export interface InstanceContext {
  readonly supervisor: Supervisor;
  readonly ports: PortBook;
  readonly template: string;
  readonly superuserPassword: string;
}

const SETTINGS = {
  max_connections: '60',
  // Dozens of these run beside each other.
  shared_buffers: '16MB',
  autovacuum_naptime: '60s',
};

// Like RDS: the master is an ordinary role with a few rights through a group. One difference: there membership in
// rds_replication gives the right to replicate, which stock Postgres ties to the attribute REPLICATION, so the master
// has it and may give it on.
const MASTER_ATTRIBUTES = 'NOSUPERUSER NOBYPASSRLS CREATEDB CREATEROLE REPLICATION INHERIT';
const GROUP_SQL = `
  DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'rds_superuser') THEN
      CREATE ROLE rds_replication NOLOGIN;
      CREATE ROLE rds_superuser NOLOGIN;
      GRANT pg_monitor, pg_signal_backend, pg_checkpoint, pg_create_subscription, rds_replication
        TO rds_superuser WITH ADMIN OPTION;
      GRANT SET ON PARAMETER session_replication_role TO rds_superuser WITH GRANT OPTION;
    END IF;
  END $$`;

/** A local RDS instance: one Postgres server process with a port of its own. */
export class RdsInstance {
  readonly record: InstanceRecord;
  readonly #context: InstanceContext;
  #process: ManagedProcess | undefined;

  private constructor(record: InstanceRecord, context: InstanceContext) {
    this.record = record;
    this.#context = context;
  }

  static folder(context: InstanceContext, identifier: string): string {
    return context.supervisor.folder.path('rds', identifier);
  }

  /** Makes an instance that does not exist yet, and starts it. A kill in between leaves nothing that counts as made. */
  static async create(
    context: InstanceContext,
    wanted: Omit<InstanceRecord, 'port'>,
    masterPassword: string,
  ): Promise<RdsInstance> {
    const folder = RdsInstance.folder(context, wanted.identifier);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    giveToServerUser(folder);
    await ensureDataFolder(context.template, `${folder}/data`);
    const port = await context.ports.claim(`rds-${wanted.identifier}`);
    const instance = new RdsInstance({ ...wanted, port }, context);
    await instance.start();
    try {
      await instance.#makeMaster(masterPassword);
    } catch (error) {
      // A repeated call begins again on the same folder and port.
      await instance.#process?.stop();
      throw error;
    }
    writePrivateFile(`${folder}/instance.json`, JSON.stringify(instance.record));
    return instance;
  }

  /** The instance that an earlier run made, not started; undefined, and its remains gone, when that was cut off. */
  static load(context: InstanceContext, identifier: string): RdsInstance | undefined {
    const folder = RdsInstance.folder(context, identifier);
    const record = readJson(`${folder}/instance.json`) as InstanceRecord | undefined;
    if (record) return new RdsInstance(record, context);
    rmSync(folder, { recursive: true, force: true });
    context.ports.release(`rds-${identifier}`);
    return undefined;
  }

  get running(): boolean {
    return this.#process?.pid !== undefined;
  }

  get process(): ManagedProcess | undefined {
    return this.#process;
  }

  /** @throws BulkheadError `local_port_taken` when somebody else listens on its port, which is stored elsewhere. */
  async start(): Promise<void> {
    const { identifier } = this.record;
    const port = await this.#context.ports.claim(`rds-${identifier}`, { fixed: true });
    const dataDir = `${RdsInstance.folder(this.#context, identifier)}/data`;
    this.#process = await launchPostgres(this.#context.supervisor, {
      name: `rds-${identifier}`,
      dataDir,
      port,
      settings: SETTINGS,
    });
  }

  async setMasterPassword(password: string): Promise<void> {
    await this.#asSuperuser(async (client) => {
      await ensureLogin(client, this.record.masterUsername, password, MASTER_ATTRIBUTES);
    });
  }

  /** Stops the server and removes its data. */
  async destroy(): Promise<void> {
    if (this.#process) await this.#context.supervisor.retire(this.#process);
    const { identifier } = this.record;
    const folder = RdsInstance.folder(this.#context, identifier);
    const doomed = this.#context.supervisor.folder.path('rds', `.deleted-${identifier}`);
    rmSync(doomed, { recursive: true, force: true });
    if (existsSync(folder)) renameSync(folder, doomed);
    rmSync(doomed, { recursive: true, force: true });
    this.#context.ports.release(`rds-${identifier}`);
  }

  async #makeMaster(password: string): Promise<void> {
    const { masterUsername } = this.record;
    await this.#asSuperuser(async (client) => {
      await client.query(GROUP_SQL);
      await ensureLogin(client, masterUsername, password, MASTER_ATTRIBUTES);
      await client.query(`GRANT rds_superuser TO ${client.escapeIdentifier(masterUsername)}`);
    });
  }

  async #asSuperuser(work: Parameters<typeof withClient<void>>[1]): Promise<void> {
    const { superuserPassword: password } = this.#context;
    await withClient({ port: this.record.port, user: SUPERUSER, password, database: 'postgres' }, work);
  }
}
