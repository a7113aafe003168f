import { UndeliverableError, type NotificationChannel } from '@bulkhead/integrations';
import type { Logger } from '@bulkhead/runtime';
import { NotificationEntity } from '@bulkhead/store';
import type { DataSource, EntityManager } from 'typeorm';

/** Seconds until the next attempt, as Standard Webhooks advises: some three days, then it is given up. */
const PAUSES = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

export type NotificationChannels = Readonly<Partial<Record<NotificationEntity['channel'], NotificationChannel>>>;

/** Sends what commands promised to people and systems outside, at least once; the id says when it is a repetition. */
export class NotificationRelay {
  constructor(
    private readonly source: DataSource,
    private readonly channels: NotificationChannels,
    private readonly logger: Logger,
  ) {}

  /** Sends everything that is due. Returns how many were tried. */
  async deliver(): Promise<number> {
    for (let tried = 0; ; tried += 1) {
      if (!(await this.source.transaction((manager) => this.#deliverNext(manager)))) return tried;
    }
  }

  /** The row stays locked while it is sent: another worker takes the next one. */
  async #deliverNext(manager: EntityManager): Promise<boolean> {
    const notification = await manager
      .createQueryBuilder(NotificationEntity, 'notification')
      .setLock('pessimistic_write')
      .setOnLocked('skip_locked')
      .where(`notification.state = 'waiting' and notification.nextAttemptAt <= now()`)
      .orderBy('notification.nextAttemptAt')
      .addOrderBy('notification.id')
      .limit(1)
      .getOne();
    if (!notification) return false;
    await manager.update(NotificationEntity, { id: notification.id }, await this.#attempt(notification));
    return true;
  }

  async #attempt(notification: NotificationEntity): Promise<Partial<NotificationEntity>> {
    const attempts = notification.attempts + 1;
    const channel = this.channels[notification.channel];
    if (!channel) return { attempts, state: 'given_up', lastError: 'This channel is not configured.' };
    try {
      await channel.send(notification);
      return { attempts, state: 'sent', lastError: null };
    } catch (error) {
      const lastError = error instanceof Error ? error.message : 'It could not be sent.';
      const pause = error instanceof UndeliverableError ? undefined : PAUSES[notification.attempts];
      this.logger.warn('A notification could not be sent.', { attempt: attempts, error });
      if (pause === undefined) return { attempts, state: 'given_up', lastError };
      return { attempts, lastError, nextAttemptAt: new Date(Date.now() + pause * 1000) };
    }
  }
}
