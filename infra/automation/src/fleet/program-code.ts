import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const require = createRequire(import.meta.url);

/** Everything that decides what comes out of a run, besides the specification: programs, providers, rules. */
const PARTS = ['kernel', 'domain', 'components', 'programs', 'providers', 'policies'] as const;
const LIBRARIES = ['@pulumi/pulumi', '@pulumi/aws', '@pulumi/policy'] as const;
/** What is compiled, and what a provider applies; not what only tests run. */
const CODE = /\.(?:js|cjs|sql)$/;
const TESTS = /(?:^|\/)testing\/|\.(?:test|fixture)\.js$/;

let known: string | undefined;

/**
 * Digest of the code that runs here, `sha256:…`. Two builds of one source have the same; any change of a program, a
 * component, a provider, a rule or a library gives another.
 */
export function programCode(): string {
  known ??= digest();
  return known;
}

function digest(): string {
  const hash = createHash('sha256');
  for (const library of LIBRARIES) {
    const { version } = require(`${library}/package.json`) as { version: string };
    hash.update(`${library}@${version}\0`);
  }
  for (const part of PARTS) {
    // The entry is `dist/index.js`.
    const folder = dirname(dirname(require.resolve(`@bulkhead/${part}`)));
    for (const file of codeOf(folder)) {
      hash
        .update(`${part}/${relative(folder, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return `sha256:${hash.digest('hex')}`;
}

function codeOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !TESTS.test(relative(folder, file)) && !file.includes('/node_modules/'))
    .toSorted();
}
