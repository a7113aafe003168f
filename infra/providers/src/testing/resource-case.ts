import type { Properties } from '../protocol/values.js';

/** Makes a resource that a case needs and returns its outputs, with its `id`. */
export type Setup = (token: string, inputs: Properties) => Promise<Properties>;

/** What the contract test does with one resource type. */
export interface ResourceCase {
  readonly token: string;
  readonly before: Properties;
  /** Changes that are made in place. */
  readonly after: Properties;
  /** Changes that need a new resource. */
  readonly replacing: Properties;
  readonly outputs: readonly string[];
  /** What a bucket goes back to where AWS knows no removal of a setting. */
  readonly leaves?: Properties;
  /** Id by which the resource is imported, where that is not its id. */
  readonly importId?: (id: string, inputs: Properties) => string;
  /** Makes what the resource needs and returns inputs that name it. */
  readonly arrange?: (setup: Setup) => Promise<Properties>;
}

/** Tags of every resource that a case makes. */
export const TAGS = { 'bulkhead:id': 'bnd_1' };
export const CHANGED_TAGS = { ...TAGS, purpose: 'changed' };
