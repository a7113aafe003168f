import { readFileSync, writeFileSync } from 'node:fs';
import { apiChanges } from './contract/api-changes.js';
import { writtenOpenapi } from './written-openapi.js';

// `npm run openapi` names the golden copy here, and then generates the client from it. Written at once, so that a
// failure leaves the old copy as it was; and not at all where callers would break, unless that is meant.
const [file = '', meant] = process.argv.slice(2);
const text = await writtenOpenapi();
const { breaking, harmless } = apiChanges(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(text));
for (const change of harmless) process.stdout.write(`  ${change}\n`);
for (const change of breaking) process.stderr.write(`BREAKS CALLERS  ${change}\n`);
if (breaking.length === 0 || meant === '--breaking') writeFileSync(file, text);
else {
  process.stderr.write('The golden copy is as it was. If callers are meant to break: npm run openapi:breaking\n');
  process.exitCode = 1;
}
