import { writeFileSync } from 'node:fs';
import { writtenOpenapi } from './written-openapi.js';

// `npm run openapi` names the golden copy here, and then generates the client from it. Written at once, so that a
// failure leaves the old copy as it was.
const [file] = process.argv.slice(2);
const text = await writtenOpenapi();
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
