import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Isolation, PlannedBinding } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import { asOwner, type PlaneClients } from './clients.js';
import type { Facts, Home, LayerPlane } from './plane.js';
import { assertEntered, enter, leave, type RegistryEntry } from './registry.js';

/** Where messages go: a queue with its dead letters, and on a shared one the lane that is the tenant's. */
export interface QueueLocation {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly lane: string | null;
}

/** The tenant's messages: a lane of the cell's queue, or a queue of its own. */
export class QueuePlane implements LayerPlane {
  readonly layer = 'queue';
  readonly isolation: Isolation;
  readonly #entry: RegistryEntry;

  constructor(
    private readonly clients: PlaneClients,
    private readonly registry: Home,
    private readonly location: QueueLocation,
    tenantId: TenantId,
    { bindingId, isolation }: PlannedBinding,
  ) {
    this.isolation = isolation;
    this.#entry = { bindingId, layer: this.layer, tenantId, locator: location.lane ?? location.queueUrl };
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

  /** Messages are in flight, not at rest: a queue keeps none once they are handled. */
  async applyRetention(): Promise<void> {}

  async describe(): Promise<Facts> {
    await asOwner(this.clients, this.registry, (client) => assertEntered(client, this.#entry));
    const { queueUrl, deadLetterQueueUrl, lane } = this.location;
    const request = new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['QueueArn', 'KmsMasterKeyId', 'RedrivePolicy'],
    });
    const { Attributes } = await this.clients.sqs.send(request);
    return {
      queueUrl,
      ...(lane && { lane }),
      encryptionKey: Attributes?.KmsMasterKeyId ?? '',
      deadLetterQueueUrl,
      redrives: Attributes?.RedrivePolicy !== undefined,
    };
  }
}
