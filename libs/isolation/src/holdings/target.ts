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
  /** Its data keys as its home keeps them, and what opens them. Absent: only sealed texts are tried. */
  readonly wrapped?: WrappedKeys;
}

export interface WrappedKey {
  readonly bindingId: string;
  readonly keyArn: string;
  readonly bytes: Uint8Array;
}

/** The tenant's wrapped data keys, with the session that opens them. */
export interface WrappedKeys {
  list(): Promise<readonly WrappedKey[]>;
  /** A fingerprint of the key inside, by which keys of one process can be told to be the same; never the key. */
  unwrap(key: WrappedKey): Reached<string>;
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

/** `allowed`: whoever is asked would do it. What an attempt asks for is chosen so that nothing comes of it all the same. */
export type DryOutcome = 'refused' | 'allowed';

/** An attempt that reads and writes nothing even where it is let in, so that it may be aimed at a real tenant's holding. */
export interface DryAttempt {
  readonly kind: 'object' | 'key' | 'queue' | 'secret';
  /** What it is aimed at, such as a prefix of a bucket. */
  readonly object: string;
  readonly verb: string;
  /** @throws Error when the answer tells neither. */
  attempt(): Promise<DryOutcome>;
}

/** Attempts with the credentials of one session. */
export interface DryPart {
  /** What they do at A's own: without it a refusal elsewhere says nothing about tenants. */
  readonly own: readonly DryAttempt[];
  /** The same at what is somebody else's. */
  readonly foreign: readonly DryAttempt[];
}

/** Policies of one thing; what a tenant could do with verbs that are not tried is judged from them. */
export interface GuardingPolicies {
  readonly object: string;
  read(): Promise<readonly string[]>;
  /** What each of them may say. */
  readonly judged: PolicyRule;
}

export type PolicyRule =
  /** Of a resource. `delegates`: it names the account, as key policies must, and leaves the rest to roles. */
  | { readonly of: 'resource'; readonly account: string; readonly delegates: boolean }
  /** Of a role: the resources that it may name. */
  | { readonly of: 'role'; readonly resources: readonly string[] }
  /** Who may take a role: of this account, and only by naming this id. */
  | { readonly of: 'trust'; readonly account: string; readonly externalId: string };

/** Two tenants of the proof, each with what it holds, and what others hold. */
export interface HoldingsTarget {
  readonly kind: 'holdings';
  readonly name: string;
  readonly a: Holdings;
  readonly b: Holdings;
  /** Of each session its own: that one is let in at home says nothing about why another is refused. */
  readonly parts?: readonly DryPart[];
  readonly policies?: readonly GuardingPolicies[];
  /** False where the AWS API does not look at encryption contexts: then sessions cannot be limited to one. */
  readonly contextsJudged?: boolean;
  /** Why something that is there is not tried. */
  readonly untried?: readonly string[];
}
