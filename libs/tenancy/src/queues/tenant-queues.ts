import { randomUUID } from 'node:crypto';
import { BulkheadError } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import type { TenantDatabases } from '../database/tenant-databases.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { TenantKeys } from '../keys/tenant-keys.js';
import type { TenantLayers } from '../layers/tenant-layers.js';
import type { TenantSessions } from '../layers/tenant-sessions.js';
import { checkedSize, type MessageClass, type OutgoingMessage, type TenantQueue } from './delivery.js';
import { Lanes, sendIn } from './lanes.js';
import { OwnQueues } from './own-queue.js';

/** How messages of one kind are treated. */
export interface MessageKind {
  /** Defaults to `standard`. */
  readonly messageClass?: MessageClass;
  /** Tries before a message is a dead letter. Defaults to 5, the most that an own queue gives. */
  readonly maxAttempts?: number;
}

export interface TenantQueuesOptions {
  readonly databases: TenantDatabases;
  readonly layers: TenantLayers;
  readonly sessions: TenantSessions;
  readonly keys: TenantKeys;
  /** By name, such as `claim.submit`: lower-case letters, digits, `_`, `.` and `-`. */
  readonly kinds: Readonly<Record<string, MessageKind>>;
}

export interface SendOptions {
  /** A UUID. The same id is the same message, however often it is sent. Defaults to a new one. */
  readonly id?: string;
  readonly delayMs?: number;
  /**
   * Sends with this transaction, or not at all. On a tenant's own queue, which is not in its database, the message is
   * sent at once and the transaction may still fail: let the handler find that out.
   */
  readonly transaction?: TenantTransaction;
}

/** What a message says, and who sent it. */
export interface MessageContent {
  readonly payload: unknown;
  readonly sentBy: { readonly kind: string; readonly id: string };
}

export interface DeadLetter extends MessageContent {
  readonly id: string;
  readonly kind: string;
  readonly attempts: number;
  /** Name of what was wrong, such as an error code; never its text, which could tell too much. */
  readonly reason: string;
}

/**
 * Messages of tenants: through lanes at home that are served in turn, or through a queue of the tenant's own. A body is
 * encrypted with the tenant's data key for one kind and id: a message that claims to be of another tenant does not open.
 */
export class TenantQueues {
  readonly #options: TenantQueuesOptions;
  readonly lanes: Lanes;
  readonly own: OwnQueues;

  constructor(options: TenantQueuesOptions) {
    this.#options = options;
    this.lanes = new Lanes(options.databases);
    this.own = new OwnQueues(options.layers, options.sessions);
  }

  /**
   * @param payload anything that JSON can write.
   * @returns the id of the message.
   * @throws BulkheadError `message_kind_unknown` (500), `message_too_large` (413), or like {@link TenantKeys.encrypt}.
   */
  async send(context: TenantContext, kind: string, payload: unknown, options: SendOptions = {}): Promise<string> {
    const { messageClass } = this.kind(kind);
    const { id = randomUUID(), delayMs = 0, transaction } = options;
    const content: MessageContent = { payload, sentBy: context.subject };
    const text = Buffer.from(JSON.stringify(content));
    const body = checkedSize(await this.#options.keys.encrypt(context, purposeOf(kind, id), text));
    const message: OutgoingMessage = { id, kind, messageClass, body, delayMs };
    const queue = await this.#queueOf(context);
    if (queue === this.lanes && transaction !== undefined) await sendIn(transaction, message);
    else await queue.send(context, message);
    return id;
  }

  /** The newest messages that were given up, of this tenant and no other. */
  async deadLetters(context: TenantContext, { limit = 100 }: { limit?: number } = {}): Promise<DeadLetter[]> {
    const queue = await this.#queueOf(context);
    const dead = await queue.dead(context, limit);
    return Promise.all(
      dead.map(async ({ id, kind, attempts, reason, body }) => {
        // What does not open was not sent by this tenant: its content is nobody's.
        const nothing: MessageContent = { payload: undefined, sentBy: { kind: 'unknown', id: 'unknown' } };
        const content = await this.open(context, { id, kind, body }).catch(() => nothing);
        return { id, kind, attempts, reason, ...content };
      }),
    );
  }

  /** Puts a dead letter back into the queue, as new. False when there is none of this id. */
  async revive(context: TenantContext, id: string): Promise<boolean> {
    return (await this.#queueOf(context)).revive(context, id);
  }

  /** Whether the tenant has a queue of its own, which a consumer must be told to listen to. */
  async hasOwnQueue(context: TenantContext): Promise<boolean> {
    return (await this.#queueOf(context)) === this.own;
  }

  /** @internal @throws BulkheadError `tenant_message_unreadable` (422) for a message that is not this tenant's. */
  async open(
    context: TenantContext,
    { id, kind, body }: { id: string; kind: string; body: Buffer },
  ): Promise<MessageContent> {
    const text = await this.#options.keys.decrypt(context, purposeOf(kind, id), body);
    return JSON.parse(text.toString()) as MessageContent;
  }

  /** @internal @throws BulkheadError `message_kind_unknown` (500). */
  kind(name: string): Required<MessageKind> {
    const kind = Object.hasOwn(this.#options.kinds, name) ? this.#options.kinds[name] : undefined;
    if (kind === undefined) throw unknownKind();
    const { messageClass = 'standard', maxAttempts = 5 } = kind;
    return { messageClass, maxAttempts };
  }

  close(): void {
    this.own.close();
  }

  async #queueOf(context: TenantContext): Promise<TenantQueue> {
    const { place } = await this.#options.layers.find(context, 'queue');
    return place.lane === null ? this.own : this.lanes;
  }
}

function purposeOf(kind: string, id: string): string {
  return `queue/${kind}/${id}`;
}

function unknownKind(): BulkheadError {
  return new BulkheadError({
    code: 'message_kind_unknown',
    status: 500,
    publicMessage: 'The service does not know this kind of message.',
    remediation: 'Name the kind in `kinds` of TenantQueues, in every service that sends or handles it.',
  });
}
