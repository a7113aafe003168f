/** Outcome of reaching for something: what came back, or undefined when it was refused or is not there. */
export type Reached<T> = Promise<T | undefined>;

/** Object storage as one tenant's session credentials open it. */
export interface ObjectHolding {
  readonly bucket: string;
  /** Everything of the tenant is under it; empty when the bucket is its own. */
  readonly prefix: string;
  put(bucket: string, key: string, text: string): Reached<true>;
  get(bucket: string, key: string): Reached<string>;
  list(bucket: string, prefix: string): Reached<readonly string[]>;
  remove(bucket: string, key: string): Reached<true>;
}

/** The tenant's data key. */
export interface KeyHolding {
  seal(text: string, purpose: string): Promise<Uint8Array>;
  /** Undefined when it does not open. */
  open(sealed: Uint8Array, purpose: string): Reached<string>;
}

/** A queue as one tenant's session credentials reach it. */
export interface QueueHolding {
  readonly address: string;
  send(address: string, text: string): Reached<true>;
  receive(address: string): Reached<readonly string[]>;
}

export interface SecretHolding {
  /** Name of a secret that the tenant may read. */
  readonly own: string;
  read(name: string): Reached<string>;
}

/** What a tenant holds outside of databases. What is missing is not counted as proven. */
export interface Holdings {
  readonly objects?: ObjectHolding;
  readonly keys?: KeyHolding;
  readonly queue?: QueueHolding;
  readonly secrets?: SecretHolding;
}

/** Two tenants of the proof, each with what it holds. */
export interface HoldingsTarget {
  readonly kind: 'holdings';
  readonly name: string;
  readonly a: Holdings;
  readonly b: Holdings;
}
