import type { Redacted } from '@bulkhead/kernel';
import { UndeliverableError, type Notification, type NotificationChannel } from './channel.js';
import { webhookHeaders } from './webhook-signature.js';

const TIME_LIMIT_MS = 10_000;

/** Sends signed JSON to one address. A redirect is refused: it would carry the message somewhere nobody chose. */
export class WebhookChannel implements NotificationChannel {
  constructor(
    private readonly url: string,
    private readonly secret: Redacted,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async send({ id, message }: Notification): Promise<void> {
    const body = JSON.stringify(message);
    // Of this attempt, not of the event: receivers refuse what is some minutes old.
    const timestamp = Math.floor(this.now().getTime() / 1000);
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...webhookHeaders(this.secret, { id, timestamp, body }) },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    });
    await response.body?.cancel();
    if (response.status === 410) throw new UndeliverableError('The webhook answered 410: it is gone for good.');
    if (!response.ok) throw new Error(`The webhook answered ${response.status}.`);
  }
}
