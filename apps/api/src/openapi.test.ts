import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writtenOpenapi } from './written-openapi.js';

const GOLDEN = fileURLToPath(new URL('../../../libs/client/openapi.json', import.meta.url));

it('is described by the golden copy, so that whoever changes the API sees what callers will notice', async () => {
  // After an intended change: `npm run openapi`, and commit the document and the client.
  expect(JSON.parse(await writtenOpenapi())).toEqual(JSON.parse(readFileSync(GOLDEN, 'utf8')));
});

it('gives the same document each time', async () => {
  expect(await writtenOpenapi()).toBe(await writtenOpenapi());
});
