import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantClients } from '../layers/tenant-clients.js';
import type { TenantLayer, TenantLayers } from '../layers/tenant-layers.js';
import { regionOf, type SessionStatement, type TenantSessions } from '../layers/tenant-sessions.js';
import type { DeadMessage, Delivery, OutgoingMessage, TenantQueue } from './delivery.js';

/** How long a dead letter that was looked at is hidden from the next look, seconds. */
const LOOK_SECONDS = 5;
/** SQS takes delays up to 15 minutes. */
const LONGEST_DELAY_SECONDS = 900;

interface Place {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** The queue of a tenant that has its own: SQS, in the tenant's session. */
export class OwnQueues implements TenantQueue {
  readonly #clients: TenantClients<SQSClient>;

  constructor(
    private readonly layers: TenantLayers,
    private readonly sessions: TenantSessions,
  ) {
    this.#clients = new TenantClients(sessions, (config) => new SQSClient(config));
  }

  async send(context: TenantContext, message: OutgoingMessage): Promise<void> {
    const { client, queueUrl } = await this.#place(context);
    const DelaySeconds = Math.min(Math.ceil(message.delayMs / 1000), LONGEST_DELAY_SECONDS);
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, DelaySeconds, ...written(message) }));
  }

  /**
   * Waits up to `waitSeconds` for messages of this tenant. Not to be cut short: what SQS has given to a request that
   * nobody waits for any more stays hidden for the whole `holdMs`.
   */
  async receive(
    context: TenantContext,
    wanted: number,
    { holdMs, waitSeconds }: { holdMs: number; waitSeconds: number },
  ): Promise<Delivery[]> {
    const place = await this.#place(context);
    const request = new ReceiveMessageCommand({
      QueueUrl: place.queueUrl,
      MaxNumberOfMessages: Math.min(wanted, 10),
      VisibilityTimeout: Math.ceil(holdMs / 1000),
      WaitTimeSeconds: waitSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    const { Messages = [] } = await place.client.send(request);
    return Messages.map((message) => this.#delivery(context.tenantId, message));
  }

  async dead(context: TenantContext, limit: number): Promise<readonly DeadMessage[]> {
    const found: DeadMessage[] = [];
    for await (const message of this.#deadLetters(await this.#place(context))) {
      found.push(deadMessage(message));
      if (found.length >= limit) break;
    }
    return found;
  }

  async revive(context: TenantContext, id: string): Promise<boolean> {
    const { client, queueUrl, deadLetterQueueUrl, ...rest } = await this.#place(context);
    for await (const message of this.#deadLetters({ client, queueUrl, deadLetterQueueUrl, ...rest })) {
      const dead = deadMessage(message);
      if (dead.id !== id) continue;
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, ...written(dead) }));
      await client.send(
        new DeleteMessageCommand({ QueueUrl: deadLetterQueueUrl, ReceiptHandle: message.ReceiptHandle }),
      );
      return true;
    }
    return false;
  }

  close(): void {
    this.#clients.close();
  }

  #delivery(tenantId: string, message: Message): Delivery {
    const { id, kind, body } = deadMessage(message);
    const handle = { ReceiptHandle: message.ReceiptHandle };
    const hide = async (context: TenantContext, ms: number) => {
      const { client, queueUrl } = await this.#place(context);
      const VisibilityTimeout = Math.ceil(ms / 1000);
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ...handle, VisibilityTimeout }));
    };
    const remove = async (context: TenantContext) => {
      const { client, queueUrl } = await this.#place(context);
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ...handle }));
    };
    return {
      tenantId,
      id,
      kind,
      attempt: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
      read: async () => body,
      hold: hide,
      done: remove,
      again: hide,
      dead: async (context, reason) => {
        const { client, deadLetterQueueUrl } = await this.#place(context);
        await client.send(
          new SendMessageCommand({ QueueUrl: deadLetterQueueUrl, ...written({ id, kind, body }, reason) }),
        );
        await remove(context);
      },
      // Nothing to do without a context: it shows again when its time is over.
      giveBack: async () => undefined,
    };
  }

  async *#deadLetters({ client, deadLetterQueueUrl }: Place): AsyncGenerator<Message> {
    const seen = new Set<string>();
    for (;;) {
      const request = new ReceiveMessageCommand({
        QueueUrl: deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: LOOK_SECONDS,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      });
      const { Messages = [] } = await client.send(request);
      const fresh = Messages.filter(({ MessageId = '' }) => !seen.has(MessageId));
      if (fresh.length === 0) return;
      for (const message of fresh) {
        seen.add(message.MessageId ?? '');
        yield message;
      }
    }
  }

  async #place(context: TenantContext): Promise<Place> {
    const layer = await this.layers.find(context, 'queue');
    const credentials = await this.sessions.credentials(layer, queueStatements(layer));
    const { queueUrl, deadLetterQueueUrl } = layer.place;
    return { client: this.#clients.clientFor(layer, credentials), queueUrl, deadLetterQueueUrl };
  }
}

function queueStatements({ place }: TenantLayer<'queue'>): SessionStatement[] {
  const [, , , region, account] = place.keyArn.split(':');
  const arns = [place.queueUrl, place.deadLetterQueueUrl].map((url) => {
    return `arn:aws:sqs:${region}:${account}:${url.split('/').at(-1)}`;
  });
  const actions = ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'];
  return [
    { Action: actions.map((action) => `sqs:${action}`), Resource: arns },
    {
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: [place.keyArn],
      Condition: { StringEquals: { 'kms:ViaService': `sqs.${regionOf(place.keyArn)}.amazonaws.com` } },
    },
  ];
}

function written({ id, kind, body }: Pick<OutgoingMessage, 'id' | 'kind' | 'body'>, reason?: string) {
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  return {
    MessageBody: body.toString('base64'),
    MessageAttributes: { id: text(id), kind: text(kind), ...(reason !== undefined && { reason: text(reason) }) },
  };
}

function deadMessage({ Body = '', MessageAttributes, Attributes }: Message): DeadMessage {
  const text = (name: string) => MessageAttributes?.[name]?.StringValue ?? '';
  const attempts = Number(Attributes?.ApproximateReceiveCount ?? 1);
  return { id: text('id'), kind: text('kind'), attempts, reason: text('reason'), body: Buffer.from(Body, 'base64') };
}
