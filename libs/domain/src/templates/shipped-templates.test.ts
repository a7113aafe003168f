import { readdir, readFile } from 'node:fs/promises';
import { parseTemplates } from './parse-template.js';
import { TEMPLATE_SCHEMAS } from './template-schemas.js';
import { TEMPLATE_FOLDERS, type TemplateSource } from './template-types.js';

const root = new URL('../../../../tenant-templates/', import.meta.url);

async function shipped(): Promise<TemplateSource[]> {
  const folders = Object.keys(TEMPLATE_FOLDERS);
  const sources = folders.map(async (folder) => {
    const names = (await readdir(new URL(`${folder}/`, root))).toSorted();
    return Promise.all(
      names.map(async (name) => ({
        file: `${folder}/${name}`,
        text: await readFile(new URL(`${folder}/${name}`, root), 'utf8'),
      })),
    );
  });
  return (await Promise.all(sources)).flat();
}

describe('the templates in tenant-templates', () => {
  it('are valid together', async () => {
    const set = parseTemplates(await shipped());
    expect(set.tiers.map(({ body }) => body.name)).toEqual([
      'dedicated',
      'hybrid-database',
      'hybrid-storage',
      'pooled',
    ]);
    expect(set.plans.map(({ body }) => body.name)).toEqual([
      'clinic-per-provider',
      'enterprise-health-system',
      'practice-per-clinic',
    ]);
  });

  it('promise the layers that their names say', async () => {
    const { tiers } = parseTemplates(await shipped());
    const dedicated = Object.fromEntries(
      tiers.map(({ body }) => [
        body.name,
        Object.entries(body.layers)
          .filter(([, isolation]) => isolation === 'dedicated')
          .map(([layer]) => layer),
      ]),
    );
    expect(dedicated).toEqual({
      pooled: [],
      'hybrid-storage': ['storage', 'key'],
      'hybrid-database': ['database'],
      dedicated: ['database', 'storage', 'key', 'queue'],
    });
  });

  it('sell premium tiers with enterprise plans only', async () => {
    const { tiers, plans } = parseTemplates(await shipped());
    const premium = new Set(tiers.filter(({ body }) => body.serviceClass === 'premium').map(({ body }) => body.name));
    expect(premium).toEqual(new Set(['hybrid-database', 'dedicated']));
    for (const { body } of plans.filter((plan) => plan.body.kind !== 'enterprise')) {
      expect(body.tiers.filter((name) => premium.has(name))).toEqual([]);
    }
  });

  it('have schema files equal to the schemas that are enforced (else run tenant-templates/write-schemas.mjs)', async () => {
    for (const [kind, schema] of Object.entries(TEMPLATE_SCHEMAS)) {
      const text = await readFile(new URL(`schema/${kind}.schema.json`, root), 'utf8');
      expect(JSON.parse(text)).toEqual(schema);
    }
  });
});
