import { execFileSync } from 'node:child_process';
import { apiChanges } from './contract/api-changes.js';
import { writtenOpenapi } from './written-openapi.js';

// `npm run openapi:compare -- <commit>`, for pull requests: what callers of that commit's API would notice.
const [commit = 'HEAD'] = process.argv.slice(2);
const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
const before = execFileSync('git', ['show', `${commit}:libs/client/openapi.json`], options);
const { breaking, harmless } = apiChanges(JSON.parse(before), JSON.parse(await writtenOpenapi()));
for (const change of harmless) process.stdout.write(`  ${change}\n`);
for (const change of breaking) process.stdout.write(`BREAKS CALLERS  ${change}\n`);
process.stdout.write(`${breaking.length} changes break callers, ${harmless.length} do not.\n`);
process.exitCode = breaking.length === 0 ? 0 : 1;
