import type { DriftedProperty, FoundDrift, Upshot } from './finding.js';

/** Properties that say how long something is kept; `rules` are those of a bucket's lifecycle. */
const KEEPING = /^(?:backupRetentionPeriod|retentionInDays|rules)\b/;
/** Of these, less than one keeps nothing; of the others, nothing lets anything go. */
const AT_LEAST_ONE = /^backupRetentionPeriod$|newerNoncurrentVersions$/;
/** Whose mere presence lets versions go. */
const LIFECYCLE = /^aws:s3\/bucketLifecycle/;

/**
 * Whether undoing what was found lets data go earlier than as it is now: somebody may have raised it by hand because it
 * is needed. What cannot be told counts as that.
 */
export function shortensRetention({
  type,
  upshot,
  properties,
}: Pick<FoundDrift, 'type' | 'properties'> & { readonly upshot: Upshot }): boolean {
  if (LIFECYCLE.test(type) && (upshot === 'create' || upshot === 'replace')) return true;
  return properties.some((property) => KEEPING.test(property.path) && !lengthens(property));
}

/** `before` is what a repair puts back. */
function lengthens({ path, before, after }: DriftedProperty): boolean {
  const days = (text: string | undefined): number => {
    const said = text === undefined ? 0 : Number(text);
    return said === 0 && !AT_LEAST_ONE.test(path) ? Number.POSITIVE_INFINITY : said;
  };
  return days(before) > days(after);
}
