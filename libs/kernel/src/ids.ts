import { v7, validate, version } from 'uuid';

/** Prefixes of Bulkhead's identifiers, one for each kind of thing (design words: one word per thing). */
export const ID_PREFIXES = {
  tenant: 'ten',
  partner: 'prt',
  binding: 'bnd',
  cell: 'cel',
  roster: 'rst',
  stack: 'stk',
  operation: 'op',
  subscription: 'sub',
  customer: 'cus',
  invoice: 'inv',
  credit: 'crd',
  apiKey: 'key',
  token: 'tok',
  isolationProof: 'prf',
  driftRun: 'drf',
  driftFinding: 'fnd',
  fact: 'fct',
  quote: 'quo',
  change: 'chg',
  legalHold: 'hld',
  supportGrant: 'grt',
  notification: 'ntf',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;
/** `ten_0192…`: a prefix and a UUIDv7 (RFC 9562) written as 32 hexadecimal digits, so ids sort by creation time. */
export type Id<K extends IdKind> = `${(typeof ID_PREFIXES)[K]}_${string}`;

export type TenantId = Id<'tenant'>;
export type PartnerId = Id<'partner'>;
export type BindingId = Id<'binding'>;
export type CellId = Id<'cell'>;
export type RosterId = Id<'roster'>;
export type StackId = Id<'stack'>;
export type OperationId = Id<'operation'>;
export type SubscriptionId = Id<'subscription'>;
export type TokenId = Id<'token'>;
export type DriftRunId = Id<'driftRun'>;
export type DriftFindingId = Id<'driftFinding'>;
export type IsolationProofId = Id<'isolationProof'>;
export type QuoteId = Id<'quote'>;
export type ChangeId = Id<'change'>;

/** Makes a new id. Two ids of one process never collide; ids of one millisecond still sort in order of creation. */
export function newId<K extends IdKind>(kind: K): Id<K> {
  return `${ID_PREFIXES[kind]}_${v7().replaceAll('-', '')}` as Id<K>;
}

/** Tells whether `text` is a well-formed id of this kind; says nothing about whether the thing exists. */
export function isId<K extends IdKind>(kind: K, text: unknown): text is Id<K> {
  if (typeof text !== 'string' || !text.startsWith(`${ID_PREFIXES[kind]}_`)) return false;
  const hex = text.slice(ID_PREFIXES[kind].length + 1);
  if (!/^[0-9a-f]{32}$/.test(hex)) return false;
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return validate(uuid) && version(uuid) === 7;
}

/** The 32 hexadecimal digits of an id: the part that physical names are made of. */
export function idHex(id: Id<IdKind>): string {
  return id.slice(id.indexOf('_') + 1);
}
