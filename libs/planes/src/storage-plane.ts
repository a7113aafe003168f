import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3';
import type { Isolation, PlannedBinding, RetentionSpec } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import { asOwner, type PlaneClients } from './clients.js';
import type { Facts, Home, LayerPlane } from './plane.js';
import { assertEntered, enter, leave, type RegistryEntry } from './registry.js';
import { requireAtLeast } from './retention.js';

/** Where objects lie: a bucket, and in a shared one the prefix that is the tenant's. */
export interface StorageLocation {
  readonly bucket: string;
  readonly prefix: string | null;
}

/** The tenant's objects: under a prefix of the cell's bucket, or in a bucket of its own. */
export class StoragePlane implements LayerPlane {
  readonly layer = 'storage';
  readonly isolation: Isolation;
  readonly #entry: RegistryEntry;

  constructor(
    private readonly clients: PlaneClients,
    private readonly registry: Home,
    private readonly location: StorageLocation,
    tenantId: TenantId,
    { bindingId, isolation }: PlannedBinding,
  ) {
    this.isolation = isolation;
    this.#entry = { bindingId, layer: this.layer, tenantId, locator: location.prefix ?? location.bucket };
  }

  async bind(): Promise<void> {
    await asOwner(this.clients, this.registry, (client) =>
      enter(client, this.#entry, { registered: this.isolation === 'shared' }),
    );
  }

  async unbind(): Promise<void> {
    const keepRow = this.isolation === 'shared';
    await asOwner(this.clients, this.registry, (client) => leave(client, this.#entry, { keepRow }));
  }

  async applyRetention({ objectVersionDays }: RetentionSpec): Promise<void> {
    requireAtLeast(
      `Earlier versions of objects in ${this.location.bucket}`,
      await this.#versionDays(),
      objectVersionDays,
    );
  }

  async describe(): Promise<Facts> {
    const Bucket = this.location.bucket;
    await asOwner(this.clients, this.registry, (client) => assertEntered(client, this.#entry));
    const [versioning, encryption, access, versionDays] = await Promise.all([
      this.clients.s3.send(new GetBucketVersioningCommand({ Bucket })),
      this.clients.s3.send(new GetBucketEncryptionCommand({ Bucket })),
      this.clients.s3.send(new GetPublicAccessBlockCommand({ Bucket })),
      this.#versionDays(),
    ]);
    const rule = encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    const blocked = access.PublicAccessBlockConfiguration;
    return {
      bucket: Bucket,
      ...(this.location.prefix && { prefix: this.location.prefix }),
      versioned: versioning.Status === 'Enabled',
      encryptionKey: rule?.KMSMasterKeyID ?? '',
      publicAccessBlocked: Boolean(
        blocked?.BlockPublicAcls && blocked.BlockPublicPolicy && blocked.RestrictPublicBuckets,
      ),
      objectVersionDays: versionDays,
    };
  }

  /** Days for which the bucket keeps versions that are no longer current; without such a rule it keeps them for ever. */
  async #versionDays(): Promise<number> {
    const rules = await this.#lifecycleRules();
    const enabled = rules.filter((rule) => rule.Status === 'Enabled');
    const days = enabled.flatMap((rule) => rule.NoncurrentVersionExpiration?.NoncurrentDays ?? []);
    return Math.min(...days, Number.MAX_SAFE_INTEGER);
  }

  async #lifecycleRules(): Promise<LifecycleRule[]> {
    try {
      const request = new GetBucketLifecycleConfigurationCommand({ Bucket: this.location.bucket });
      return (await this.clients.s3.send(request)).Rules ?? [];
    } catch (error) {
      // S3's answer for a bucket without any rule.
      if (error instanceof Error && error.name === 'NoSuchLifecycleConfiguration') return [];
      throw error;
    }
  }
}
