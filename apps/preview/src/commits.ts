import { git } from './templates.js';

/** Id of a commit that somebody named. @throws BulkheadError `unknown_base` (422). */
export async function commitOf(root: string, ref: string): Promise<string> {
  return (await git(root, ['rev-parse', '--verify', `${ref}^{commit}`], ref)).trim();
}

/**
 * The commit that has all that was previewed: null where the tree or the templates have what no commit has, or where
 * there is no repository. A plan without it can still be applied; what counts there are digests.
 */
export async function cleanHead(root: string, templates: string): Promise<string | null> {
  try {
    const changed = await git(root, ['status', '--porcelain', '--untracked-files=no'], 'HEAD');
    if (changed.trim() !== '' || templates !== `${root}tenant-templates`) return null;
    return await commitOf(root, 'HEAD');
  } catch {
    return null;
  }
}
