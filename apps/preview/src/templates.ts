import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  parseTemplates,
  TEMPLATE_FOLDERS,
  type PriceTableTemplate,
  type TemplateSet,
  type TemplateSource,
  type TierTemplate,
} from '@bulkhead/domain';
import type { FleetTier } from '@bulkhead/domain/fleet';
import { previewError } from './preview-error.js';

const run = promisify(execFile);
const FOLDERS = Object.keys(TEMPLATE_FOLDERS);

/** @throws BulkheadError `invalid_template` (422) with file and line, `templates_missing`. */
export async function readTemplates(folder: string): Promise<TemplateSet> {
  const sources = await Promise.all(
    FOLDERS.map(async (kind): Promise<TemplateSource[]> => {
      const names = await readdir(join(folder, kind)).catch(() => []);
      const files = names.filter((name) => name.endsWith('.yaml')).toSorted();
      return Promise.all(
        files.map(async (name) => ({
          file: `${kind}/${name}`,
          text: await readFile(join(folder, kind, name), 'utf8'),
        })),
      );
    }),
  );
  const all = sources.flat();
  if (all.length > 0) return parseTemplates(all);
  throw previewError(
    'templates_missing',
    `There are no templates in ${folder}.`,
    'Name their folder with --templates.',
  );
}

/** The templates of a commit. @throws BulkheadError `unknown_base` (422), `invalid_template`. */
export async function templatesAt(root: string, ref: string): Promise<TemplateSet> {
  const listed = await git(root, ['ls-tree', '-r', '--name-only', ref, '--', 'tenant-templates'], ref);
  const pattern = new RegExp(`^tenant-templates/((?:${FOLDERS.join('|')})/[^/]+\\.yaml)$`);
  const files = listed.split('\n').flatMap((path) => pattern.exec(path)?.[1] ?? []);
  return parseTemplates(
    await Promise.all(
      files.map(async (file) => ({ file, text: await git(root, ['show', `${ref}:tenant-templates/${file}`], ref) })),
    ),
  );
}

/** What decides, besides templates and specifications, what comes out of a run. */
const CODE = ['infra', 'libs/domain', 'libs/kernel', 'package-lock.json'];

/** Files that were changed since a commit and may change any stack; not tests, not documents. */
export async function changedCode(root: string, ref: string): Promise<readonly string[]> {
  const changed = await git(root, ['diff', '--name-only', ref, '--', ...CODE], ref);
  return changed.split('\n').filter((file) => file !== '' && !/\.(?:test|fixture)\.ts$|\/testing\/|\.md$/.test(file));
}

/** The newest version of each tier, as a plan names them; sorted by name. */
export function tierReferences({ tiers }: Pick<TemplateSet, 'tiers'>): readonly FleetTier[] {
  const newest = newestTiers({ tiers });
  return tiers
    .filter(({ body }) => newest.get(body.name) === body)
    .map(({ body: { name, version }, digest }) => ({ name, version, digest }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export async function git(root: string, args: readonly string[], ref: string): Promise<string> {
  // An argument that begins with a dash would be an option of git.
  if (ref.startsWith('-')) throw unknownBase(ref);
  try {
    return (await run('git', ['-C', root, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (cause) {
    throw unknownBase(ref, cause);
  }
}

function unknownBase(ref: string, cause?: unknown) {
  const remedy = 'Fetch it first; in GitHub Actions give actions/checkout fetch-depth: 0.';
  return previewError('unknown_base', `Git knows no commit ${ref} here.`, remedy, { cause });
}

/** The newest version of each tier, by name. */
export function newestTiers({ tiers }: Pick<TemplateSet, 'tiers'>): ReadonlyMap<string, TierTemplate> {
  return new Map(
    tiers
      .map(({ body }) => body)
      .toSorted((a, b) => a.version - b.version)
      .map((tier) => [tier.name, tier]),
  );
}

/** The price table with the latest date. */
export function newestPrices({ prices }: TemplateSet): PriceTableTemplate | undefined {
  const key = ({ asOf, version }: PriceTableTemplate): string => `${asOf}/${String(version).padStart(6, '0')}`;
  return prices
    .map(({ body }) => body)
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    .at(-1);
}
