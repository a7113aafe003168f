import { readFile } from 'node:fs/promises';
import { LAYERS, type Layer } from '@bulkhead/domain';
import { previewError } from './preview-error.js';

/** A loss of state that an approved change request asks for. */
export interface Approval {
  /** `chg_…`, shown beside what it allows. */
  readonly changeRequest: string;
  /** Whose state; for a shared stack, its name instead. */
  readonly tenantId?: string;
  readonly stack?: string;
  /** One resource, or a whole layer. */
  readonly urn?: string;
  readonly layer?: Layer;
}

/**
 * Reads approved change requests: a JSON array of {@link Approval}.
 * @throws BulkheadError `approvals_invalid` (422): an entry that says less would allow more than was approved.
 */
export async function readApprovals(file: string): Promise<readonly Approval[]> {
  let entries: unknown;
  try {
    entries = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw invalid(`${file} cannot be read as JSON`, cause);
  }
  if (!Array.isArray(entries)) throw invalid(`${file} is no array`);
  return entries.map((entry: Partial<Approval> | null, at) => {
    const { changeRequest, tenantId, stack, urn, layer } = entry ?? {};
    const texts = [changeRequest, tenantId, stack, urn].every((text) => text === undefined || typeof text === 'string');
    const known = layer === undefined || LAYERS.includes(layer);
    if (!texts || !changeRequest || !known || !(tenantId || stack) || !(urn || layer)) {
      throw invalid(`${file}[${at}] must name changeRequest, tenantId or stack, and urn or layer`);
    }
    return entry as Approval;
  });
}

function invalid(what: string, cause?: unknown) {
  const remedy = 'Write it as [{"changeRequest":"chg_…","tenantId":"ten_…","layer":"database"}].';
  return previewError('approvals_invalid', `${what}.`, remedy, { cause });
}
