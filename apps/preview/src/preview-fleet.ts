import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPreviews, programCode } from '@bulkhead/automation';
import type { TemplateSet } from '@bulkhead/domain';
import { startProviders } from './attached-providers.js';
import { openBundle, type Bundle } from './bundle.js';
import { differingStacks, runFleet } from './fleet-run.js';
import { previewError } from './preview-error.js';
import { templateProblems } from './problems.js';
import type { Progress } from './progress.js';
import type { FleetReport } from './report.js';
import { cleanHead, commitOf } from './commits.js';
import { changedCode, newestPrices, newestTiers, readTemplates, templatesAt, tierReferences } from './templates.js';

/** The repository that this runner was built in: its programs are the ones that are previewed. */
export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

export interface PreviewOptions {
  readonly bundle: string;
  /** Folder of the templates; the repository's own unless another one is named. */
  readonly templates: string;
  readonly base?: string | undefined;
  readonly tenants: readonly string[];
  readonly parallel: number;
  readonly pulumiRoot: string;
}

/**
 * Previews what the working tree would do to every live stack. Needs a fleet bundle and the Pulumi CLI, and neither
 * credentials nor a network.
 * @throws BulkheadError `invalid_template` (422) with file and line, `bundle_invalid`,
 *   `unknown_base`, `unknown_tenant`, `pulumi_unusable`.
 */
export async function previewFleet(options: PreviewOptions, progress: Progress): Promise<FleetReport> {
  const templates = await readTemplates(options.templates);
  const bundle = await openBundle(options.bundle);
  try {
    refuseUnknownTenants(bundle, options.tenants);
    const touched = await touchedStacks(options, bundle, templates, progress);
    const prices = newestPrices(templates);
    const shared = { bundle, tiers: newestTiers(templates), prices, touched };
    const stacks = await withEngine(options, (previews) =>
      runFleet({
        ...shared,
        previews,
        parallel: options.parallel,
        onlyTenants: options.tenants,
        onStack: (...ended) => progress.stack(...ended),
      }),
    );
    const { createdAt, source } = bundle;
    return {
      stacks,
      problems: templateProblems(bundle, templates, shown(options.templates)),
      prices: prices ? `${prices.name}@${prices.version} of ${prices.asOf}` : null,
      code: programCode(),
      templates: tierReferences(templates),
      base: options.base === undefined ? null : await commitOf(REPOSITORY, options.base),
      head: await cleanHead(REPOSITORY, options.templates),
      bundle: { createdAt, source },
    };
  } finally {
    await bundle.close();
  }
}

/** From the root of the repository, as a pull request's annotations need it; a folder elsewhere as it is. */
function shown(folder: string): string {
  const inside = relative(REPOSITORY, folder);
  return inside.startsWith('..') ? folder : inside;
}

async function withEngine<T>(
  { pulumiRoot }: PreviewOptions,
  work: (previews: Awaited<ReturnType<typeof openPreviews>>) => Promise<T>,
): Promise<T> {
  const pulumiHome = await mkdtemp(join(tmpdir(), 'bulkhead-preview-'));
  const providers = await startProviders();
  try {
    return await work(await openPreviews({ pulumiRoot, pulumiHome, providers: providers.ports }));
  } finally {
    await providers.stop();
    await rm(pulumiHome, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Undefined when any stack may be touched. */
async function touchedStacks(
  { base }: PreviewOptions,
  bundle: Bundle,
  templates: TemplateSet,
  progress: Progress,
): Promise<ReadonlySet<string> | undefined> {
  if (base === undefined) return undefined;
  const [first, ...more] = await changedCode(REPOSITORY, base);
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` and ${more.length} more files`;
    progress.note(`Since ${base}, ${first}${others} changed: every stack may be touched.`);
    return undefined;
  }
  return differingStacks(bundle, newestTiers(await templatesAt(REPOSITORY, base)), newestTiers(templates));
}

function refuseUnknownTenants({ tenants }: Bundle, asked: readonly string[]): void {
  const unknown = asked.filter((name) => !tenants.some(({ id, slug }) => id === name || slug === name));
  if (unknown.length === 0) return;
  const text = `No live tenant of the bundle has the id or slug ${unknown.join(', ')}.`;
  throw previewError('unknown_tenant', text, 'List them with: bulkhead tenants list');
}
