import { LAYERS, type Isolation, type Layer } from '../placement/layers.js';

/**
 * Measured with a prototype on two cores (docs/guides/change-requests.md says how): from the last acknowledged write on
 * the old side to the first on the new one 8 to 33 ms, 54 ms with cold connections; copying is throttled to 8 MB/s, at
 * which neighbours do not notice it.
 */
const HANDOVER_MS = { typical: 20, most: 54 } as const;
const COPY_BYTES_PER_SECOND = 8_000_000;
/** Standing up a dedicated layer, seconds; a database instance takes by far the longest. */
const STAND_UP_SECONDS: Readonly<Record<Layer, number>> = { database: 900, storage: 60, key: 60, queue: 60 };

export interface LayerChange {
  readonly layer: Layer;
  readonly from: Isolation;
  readonly to: Isolation;
}

export interface MoveEstimate {
  /** How long the tenant's writes wait, milliseconds; zero when no database moves. */
  readonly writePauseMs: { readonly typical: number; readonly most: number };
  /** From the start to the end of the work, seconds; null when the amount of data is not known. */
  readonly durationSeconds: number | null;
}

export function layerChanges(
  from: Readonly<Record<Layer, Isolation>>,
  to: Readonly<Record<Layer, Isolation>>,
): LayerChange[] {
  return LAYERS.filter((layer) => from[layer] !== to[layer]).map((layer) => ({
    layer,
    from: from[layer],
    to: to[layer],
  }));
}

/** @param storageGb data of the tenant, GB; undefined when nobody recorded it. */
export function estimateMove(changes: readonly LayerChange[], storageGb: number | undefined): MoveEstimate {
  if (changes.length === 0) return { writePauseMs: { typical: 0, most: 0 }, durationSeconds: 0 };
  const movesDatabase = changes.some(({ layer }) => layer === 'database');
  const writePauseMs = movesDatabase ? HANDOVER_MS : { typical: 0, most: 0 };
  const copies = changes.some(({ layer }) => layer === 'database' || layer === 'storage');
  if (copies && storageGb === undefined) return { writePauseMs, durationSeconds: null };
  const standUp = changes.filter(({ to }) => to === 'dedicated').map(({ layer }) => STAND_UP_SECONDS[layer]);
  const copy = copies ? Math.ceil(((storageGb ?? 0) * 1_000_000_000) / COPY_BYTES_PER_SECOND) : 0;
  return { writePauseMs, durationSeconds: Math.max(0, ...standUp) + copy };
}
