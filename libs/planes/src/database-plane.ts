import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { physicalNames, type Isolation, type PlannedBinding, type RetentionSpec } from '@bulkhead/domain';
import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import type pg from 'pg';
import { asOwner, type PlaneClients } from './clients.js';
import type { Facts, Home, LayerPlane } from './plane.js';
import { assertEntered, enter, leave, type RegistryEntry } from './registry.js';
import { requireAtLeast } from './retention.js';

/** What must be true of a serving role, or row-level security protects nobody from it. */
const SERVING_ROLE = `
  select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as privileged,
    pg_has_role(rolname, $2, 'member') as member,
    exists (select 1 from pg_class where relowner = pg_roles.oid) as owner
  from pg_roles where rolname = $1`;

/** The tenant's rows: in the cell's database behind row-level security, or in a database of its own. */
export class DatabasePlane implements LayerPlane {
  readonly layer = 'database';
  readonly isolation: Isolation;
  readonly #instance: string;

  constructor(
    private readonly clients: PlaneClients,
    private readonly home: Home,
    private readonly tenantId: TenantId,
    private readonly binding: PlannedBinding,
  ) {
    this.isolation = binding.isolation;
    this.#instance = physicalNames(home.id).instance;
  }

  async bind(): Promise<void> {
    await asOwner(this.clients, this.home, async (client) => {
      await this.#requireHarmlessServingRole(client);
      await enter(client, this.#entry, { registered: this.isolation === 'shared' });
      await this.#settleHome(client);
    });
  }

  async unbind(): Promise<void> {
    await asOwner(this.clients, this.home, async (client) => {
      await client.query('delete from bulkhead.tenant_home where tenant_id = $1 and home = $2', [
        this.tenantId,
        this.home.id,
      ]);
      await leave(client, this.#entry, { keepRow: this.isolation === 'shared' });
    });
  }

  async applyRetention({ backupDays }: RetentionSpec): Promise<void> {
    const { backupRetention } = await this.#instanceFacts();
    requireAtLeast(`Backups of ${this.#instance}`, backupRetention, backupDays);
  }

  async describe(): Promise<Facts> {
    const [instance, epoch] = await Promise.all([
      this.#instanceFacts(),
      asOwner(this.clients, this.home, async (client) => {
        await assertEntered(client, this.#entry);
        await this.#requireHarmlessServingRole(client);
        const { rows } = await client.query(
          'select epoch::int from bulkhead.tenant_home where tenant_id = $1 and home = $2',
          [this.tenantId, this.home.id],
        );
        return Number(rows[0]?.epoch ?? 0);
      }),
    ]);
    const { host, port, database, servingSecretArn } = this.home.database;
    return { ...instance, host, port, database, servingSecretArn, home: this.home.id, epoch };
  }

  /** The placement's epoch is the least that the home may have; a later one (after a move) is left alone. */
  async #settleHome(client: pg.Client): Promise<void> {
    await client.query(
      `insert into bulkhead.tenant_home as h (tenant_id, home, epoch) values ($1, $2, $3)
       on conflict (tenant_id) do update set home = excluded.home, epoch = excluded.epoch where h.epoch < excluded.epoch`,
      [this.tenantId, this.home.id, this.binding.epoch],
    );
  }

  async #requireHarmlessServingRole(client: pg.Client): Promise<void> {
    const { servingRole, ownerRole } = physicalNames(this.home.id);
    const { rows } = await client.query(SERVING_ROLE, [servingRole, ownerRole]);
    const [role] = rows;
    if (role && !role.privileged && !role.member && !role.owner) return;
    throw new BulkheadError({
      code: 'serving_role_unsafe',
      status: 409,
      publicMessage: `Role ${servingRole} is missing, or owns or may bypass what it should only be served.`,
      remediation:
        'Take its extra rights away (no superuser, BYPASSRLS, ownership or membership), then retry the operation.',
    });
  }

  async #instanceFacts(): Promise<{ instance: string; backupRetention: number; encrypted: boolean; public: boolean }> {
    const answer = await this.clients.rds.send(
      new DescribeDBInstancesCommand({ DBInstanceIdentifier: this.#instance }),
    );
    const [found] = answer.DBInstances ?? [];
    return {
      instance: this.#instance,
      backupRetention: found?.BackupRetentionPeriod ?? 0,
      encrypted: found?.StorageEncrypted ?? false,
      public: found?.PubliclyAccessible ?? false,
    };
  }

  get #entry(): RegistryEntry {
    const { bindingId } = this.binding;
    return { bindingId, layer: this.layer, tenantId: this.tenantId, locator: this.home.database.database };
  }
}
