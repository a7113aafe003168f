import type { PropertyRule } from '../protocol/resource-type.js';

export type Tags = Readonly<Record<string, string>>;

/** Rule of `tags` on every type that has them; an absent map and an empty one are the same. */
export const TAGS: PropertyRule = { fallback: {} };

/** AWS's usual list of tags, in its two spellings. */
export function tagList(tags: Tags | undefined): { Key: string; Value: string }[] {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}

/** Reads AWS's list of tags; tags that AWS sets itself are not ours to keep. */
export function tagMap(list: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tags {
  const own = (list ?? []).filter(({ Key }) => Key !== undefined && !Key.startsWith('aws:'));
  return Object.fromEntries(own.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

/** What to set and what to take off to get from one map to the other. */
export function tagChanges(before: Tags | undefined, after: Tags | undefined): { set: Tags; remove: string[] } {
  const wanted = after ?? {};
  const had = before ?? {};
  return {
    set: Object.fromEntries(Object.entries(wanted).filter(([key, value]) => had[key] !== value)),
    remove: Object.keys(had).filter((key) => !(key in wanted)),
  };
}
