import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
/** In a process of its own: the generator does not load inside Jest. */
const GENERATE = `
  import { createClient } from '@hey-api/openapi-ts';
  import config from './openapi-ts.config.mjs';
  const output = { ...config.output, path: process.argv[1] };
  await createClient({ ...config, output, logs: { level: 'silent', file: false } });
`;

async function sources(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts')).toSorted();
  const texts = files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

it('is what the generator makes of the golden copy of the OpenAPI document', async () => {
  // After an intended change: `npm run openapi`, and commit the document and the client.
  const fresh = await mkdtemp(join(tmpdir(), 'bulkhead-client-'));
  try {
    const args = ['--input-type=module', '--eval', GENERATE, fresh];
    await promisify(execFile)(process.execPath, args, { cwd: FOLDER });
    const made = await sources(fresh);
    expect(Object.keys(made).length).toBeGreaterThan(10);
    expect(await sources(join(FOLDER, 'src/generated'))).toEqual(made);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
});
