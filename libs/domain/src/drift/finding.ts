import type { TenantId } from '@bulkhead/kernel';
import { LAYERS, type Layer } from '../placement/layers.js';
import { templateDigest } from '../templates/template-digest.js';

/**
 * `changed`: the cloud has other values than the last run left. `gone`: it is not there any more. `orphan`: it carries
 * our tags, and no placement owns it.
 */
export const DRIFT_KINDS = ['changed', 'gone', 'orphan'] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** What the next run of the stack would do to the resource by itself; `same`: it would leave it as it is now. */
export const UPSHOTS = ['create', 'update', 'replace', 'delete', 'same'] as const;
export type Upshot = (typeof UPSHOTS)[number];

export interface DriftedProperty {
  readonly path: string;
  /** JSON text with secrets masked, shortened; as the last run left it. Absent when there was none. */
  readonly before?: string;
  /** As it is now. */
  readonly after?: string;
}

/** A difference between the cloud and what is recorded of it. */
export interface FoundDrift {
  /** Stack that manages the resource; empty for an orphan whose tags name none. */
  readonly stack: string;
  readonly kind: DriftKind;
  readonly type: string;
  /** URN; of an orphan its type and physical id. With the stack it says which finding this is. */
  readonly resource: string;
  /** Logical name; of an orphan its physical id. */
  readonly name: string;
  /** Binding, cell, roster or stack that it was made for; null when nothing says. */
  readonly owner: string | null;
  readonly tenantId: TenantId | null;
  readonly layer: Layer | null;
  /** Whether its loss is a loss of data. */
  readonly stateful: boolean;
  readonly properties: readonly DriftedProperty[];
  readonly upshot: Upshot;
}

/** Digest of what was found: a finding whose digest has changed is not what anybody approved. */
export function findingDigest({ stack, kind, resource, properties, upshot }: FoundDrift): string {
  return templateDigest({ stack, kind, resource, properties: properties.map((one) => ({ ...one })), upshot });
}

/** What became of one stack in a drift run. */
export interface ComparedStack {
  readonly stack: string;
  readonly outcome: 'compared' | 'skipped' | 'failed';
  /** Why it was not compared; null when it was. */
  readonly why: string | null;
  readonly findings: number;
}

/** Layer of a resource of a dedicated stack, which is named after it. */
export function layerOfName(name: string): Layer | null {
  return LAYERS.find((layer) => name === layer || name.startsWith(`${layer}-`)) ?? null;
}
