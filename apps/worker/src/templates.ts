import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PublishTemplates, WORKER, type CommandGate } from '@bulkhead/control';
import { checkTemplates, parseTemplates, TEMPLATE_FOLDERS, type TemplateSource } from '@bulkhead/domain';

/**
 * Publishes the versions of tiers, plans, eligibility policies and price tables that are new. Every worker does it when it starts.
 * @throws BulkheadError `invalid_template` with file and line, `published_version_changed` naming the version.
 */
export async function publishTemplates(gate: CommandGate, folder: string): Promise<void> {
  const set = parseTemplates(await readSources(folder));
  checkTemplates(set);
  const pick = <T>({ body, digest }: { body: T; digest: string }) => ({ body, digest });
  const command = new PublishTemplates({
    tiers: set.tiers.map(pick),
    plans: set.plans.map(pick),
    eligibility: set.eligibility.map(pick),
    prices: set.prices.map(pick),
  });
  await gate.execute(command, { principal: WORKER });
}

async function readSources(folder: string): Promise<TemplateSource[]> {
  const sources = Object.keys(TEMPLATE_FOLDERS).map(async (kind) => {
    const names = (await readdir(join(folder, kind))).filter((name) => name.endsWith('.yaml'));
    return Promise.all(
      names.toSorted().map(async (name) => ({
        file: `${kind}/${name}`,
        text: await readFile(join(folder, kind, name), 'utf8'),
      })),
    );
  });
  return (await Promise.all(sources)).flat();
}
