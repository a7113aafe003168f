import { BulkheadError } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';

/** Classes of work, the most urgent first. Of twelve turns they begin eight, three and one. */
export const MESSAGE_CLASSES = ['urgent', 'standard', 'bulk'] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** What a queue is given: a body that is encrypted already. */
export interface OutgoingMessage {
  readonly id: string;
  readonly kind: string;
  readonly messageClass: MessageClass;
  readonly body: Buffer;
  readonly delayMs: number;
}

/** A message that was claimed. Whose it is, is only claimed so far: the body proves it. */
export interface Delivery {
  readonly tenantId: string;
  readonly id: string;
  readonly kind: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** The body; undefined when the claim is not ours any more. */
  read(context: TenantContext): Promise<Buffer | undefined>;
  /** Keeps the claim for longer. */
  hold(context: TenantContext, ms: number): Promise<void>;
  done(context: TenantContext): Promise<void>;
  again(context: TenantContext, pauseMs: number, reason: string): Promise<void>;
  dead(context: TenantContext, reason: string): Promise<void>;
  /** Gives it back unread, for lack of a context. */
  giveBack(pauseMs: number): Promise<void>;
}

/** A dead letter, body still encrypted. */
export interface DeadMessage {
  readonly id: string;
  readonly kind: string;
  readonly attempts: number;
  readonly reason: string;
  readonly body: Buffer;
}

/** One tenant's way to its queue: its lanes at home, or a queue of its own. */
export interface TenantQueue {
  send(context: TenantContext, message: OutgoingMessage): Promise<void>;
  dead(context: TenantContext, limit: number): Promise<readonly DeadMessage[]>;
  /** Gives a dead letter another life; false when there is no such one. */
  revive(context: TenantContext, id: string): Promise<boolean>;
}

/** @throws BulkheadError `message_too_large` (413): both kinds of queue take 256 KiB with all that goes with it. */
export function checkedSize(body: Buffer): Buffer {
  if (body.length <= 180_000) return body;
  throw new BulkheadError({
    code: 'message_too_large',
    status: 413,
    publicMessage: 'The message is too large for the queue.',
    remediation: 'Put the data into the tenant’s storage and send its key.',
  });
}
