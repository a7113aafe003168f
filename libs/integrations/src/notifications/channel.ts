/** A message to somebody outside. Holds no secrets and no prices. */
export interface Notification {
  /** Stays the same when it is sent again, so that whoever receives it twice can tell. */
  readonly id: string;
  /** Address of an e-mail; null for the webhook. */
  readonly recipient: string | null;
  readonly message: object;
}

/** How messages leave. Rejects when it cannot be known that the message arrived; it is then sent again. */
export interface NotificationChannel {
  /** @throws UndeliverableError when trying again would be of no use. */
  send(notification: Notification): Promise<void>;
}

/** The other side does not want it, and never will. */
export class UndeliverableError extends Error {}
