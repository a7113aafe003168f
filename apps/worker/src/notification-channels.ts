import { readFile } from 'node:fs/promises';
import { EmailChannel, WebhookChannel } from '@bulkhead/integrations';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { WorkerConfig } from './config.js';
import type { NotificationChannels } from './notification-relay.js';

/**
 * The channels that the configuration names. Without any, nobody outside is told anything.
 * @throws BulkheadError `invalid_configuration` for half of a channel, or a secret that is none.
 */
export async function notificationChannels(config: WorkerConfig): Promise<NotificationChannels> {
  const { BULKHEAD_WEBHOOK_URL: url, BULKHEAD_SMTP_URL: smtp } = config;
  const { BULKHEAD_WEBHOOK_SECRET_FILE: secretFile, BULKHEAD_MAIL_FROM: from } = config;
  if ((url === undefined) !== (secretFile === undefined))
    throw incomplete('BULKHEAD_WEBHOOK_URL and BULKHEAD_WEBHOOK_SECRET_FILE');
  if ((smtp === undefined) !== (from === undefined)) throw incomplete('BULKHEAD_SMTP_URL and BULKHEAD_MAIL_FROM');
  return {
    ...(url !== undefined &&
      secretFile !== undefined && { webhook: new WebhookChannel(url, await secretIn(secretFile)) }),
    ...(smtp !== undefined && from !== undefined && { email: new EmailChannel(new Redacted(smtp), from) }),
  };
}

async function secretIn(file: string): Promise<Redacted> {
  const secret = (await readFile(file, 'utf8')).trim();
  // Standard Webhooks: 24 to 64 bytes.
  if (/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret)) return new Redacted(secret);
  throw new BulkheadError({
    code: 'invalid_configuration',
    status: 500,
    publicMessage: 'BULKHEAD_WEBHOOK_SECRET_FILE holds no webhook secret.',
    remediation: 'Write whsec_ and 24 to 64 random bytes in base64 into it.',
  });
}

function incomplete(both: string): BulkheadError {
  return new BulkheadError({
    code: 'invalid_configuration',
    status: 500,
    publicMessage: `${both} belong together, and only one of them is set.`,
    remediation: 'Set both, or none.',
  });
}
