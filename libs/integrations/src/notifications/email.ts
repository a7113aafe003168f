import { createHash } from 'node:crypto';
import type { Redacted } from '@bulkhead/kernel';
import { createTransport, type Transporter } from 'nodemailer';
import { UndeliverableError, type Notification, type NotificationChannel } from './channel.js';

export interface EmailMessage {
  readonly subject: string;
  readonly text: string;
}

const TIME_LIMIT_MS = 10_000;

/** Sends plain text through an SMTP server. */
export class EmailChannel implements NotificationChannel {
  private readonly transport: Transporter;

  /**
   * @param smtpUrl `smtp://` or `smtps://`, with login and password where the server wants them.
   * @param from address of the sender.
   */
  constructor(
    smtpUrl: Redacted,
    private readonly from: string,
  ) {
    const limits = { connectionTimeout: TIME_LIMIT_MS, greetingTimeout: TIME_LIMIT_MS, socketTimeout: TIME_LIMIT_MS };
    this.transport = createTransport({
      url: smtpUrl.reveal(),
      disableFileAccess: true,
      disableUrlAccess: true,
      ...limits,
    });
  }

  async send({ id, recipient, message }: Notification): Promise<void> {
    if (recipient === null) throw new UndeliverableError('An e-mail needs an address.');
    const { subject, text } = message as EmailMessage;
    try {
      // The same for each attempt, so that mail programs show one message.
      const messageId = `<${createHash('sha256').update(id).digest('hex').slice(0, 32)}@bulkhead>`;
      await this.transport.sendMail({
        from: this.from,
        to: { name: '', address: recipient },
        subject,
        text,
        messageId,
      });
    } catch (error) {
      // RFC 5321: 5xx is permanent.
      const { responseCode } = error as { responseCode?: number };
      if (responseCode !== undefined && responseCode >= 500)
        throw new UndeliverableError(`The mail server answered ${responseCode}.`);
      throw new Error('The mail server did not take the message.', { cause: error });
    }
  }
}
