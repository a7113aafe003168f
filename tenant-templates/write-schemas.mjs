// Writes tenant-templates/schema from the schemas in @bulkhead/domain. Run it after a change there.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { TEMPLATE_SCHEMAS } from '@bulkhead/domain';

const folder = fileURLToPath(new URL('schema/', import.meta.url));
await mkdir(folder, { recursive: true });
for (const [kind, schema] of Object.entries(TEMPLATE_SCHEMAS)) {
  await writeFile(`${folder}${kind}.schema.json`, `${JSON.stringify(schema, undefined, 2)}\n`);
}
