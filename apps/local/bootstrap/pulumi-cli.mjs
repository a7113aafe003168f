import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findGo } from './prerequisites.mjs';
import { during, say, Stop } from './report.mjs';
import { capture, tail } from './run.mjs';
import { ensureTool, TOOLS } from './tool-cache.mjs';
import { isAtLeast } from './versions.mjs';

const CONNECT_MS = 8_000;
const DOWNLOAD_MS = 240_000;
const { version, go: neededGo } = TOOLS.pulumi;

async function fetchBytes(url) {
  const headers = new AbortController();
  const connect = setTimeout(() => headers.abort(new Error('no answer')), CONNECT_MS);
  const signal = AbortSignal.any([headers.signal, AbortSignal.timeout(DOWNLOAD_MS)]);
  const response = await fetch(url, { signal }).finally(() => clearTimeout(connect));
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function firstOf(urls) {
  let last;
  for (const url of urls) {
    try {
      return await fetchBytes(url);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/**
 * The SHA-256 that a checksums file gives for a file name, in hexadecimal.
 * @throws {Error} when it names none
 */
export function checksumFor(checksums, name) {
  for (const line of checksums.split('\n')) {
    const [sum, file] = line.trim().split(/\s+\*?/);
    if (file === name && /^[0-9a-f]{64}$/.test(sum)) return sum;
  }
  throw new Error(`the vendor's checksums name no ${name}`);
}

async function download(folder) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `pulumi-v${version}-${platform}-${process.arch}.tar.gz`;
  const sums = `pulumi-${version}-checksums.txt`;
  const hosts = [
    'https://get.pulumi.com/releases/sdk',
    `https://github.com/pulumi/pulumi/releases/download/v${version}`,
  ];
  const expected = checksumFor((await firstOf(hosts.map((host) => `${host}/${sums}`))).toString('utf8'), name);
  const archive = await firstOf(hosts.map((host) => `${host}/${name}`));
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`the archive's checksum is ${actual}, not ${expected}`);
  const file = join(folder, name);
  writeFileSync(file, archive);
  mkdirSync(join(folder, 'bin'));
  const { code, output } = await capture('tar', ['-xzf', file, '-C', join(folder, 'bin'), '--strip-components=1']);
  rmSync(file);
  if (code !== 0) throw new Error(tail(output, 3));
}

async function mustGo(args, cwd) {
  const { code, output } = await capture('go', args, {
    cwd,
    env: { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off' },
  });
  if (code === 0) return;
  throw new Stop(
    `The Pulumi CLI could not be built:\n${tail(output)}`,
    'Check the connection to the Go module proxy and run the command again.',
  );
}

async function build(folder) {
  const module = 'github.com/pulumi/pulumi';
  const work = join(folder, 'work');
  mkdirSync(work);
  writeFileSync(join(work, 'go.mod'), `module bulkhead.local/tools\n\ngo ${neededGo}\n`);
  await mustGo(['get', '-tool', `${module}/pkg/v3/cmd/pulumi@v${version}`], work);
  // The Automation API refuses a CLI that does not tell its version.
  const flags = `-s -w -X ${module}/sdk/v3/go/common/version.Version=v${version}`;
  const target = join(folder, 'bin', 'pulumi');
  await mustGo(
    [
      'build',
      '-trimpath',
      '-tags',
      'osusergo,grpcnotrace',
      '-ldflags',
      flags,
      '-o',
      target,
      `${module}/pkg/v3/cmd/pulumi`,
    ],
    work,
  );
  rmSync(work, { recursive: true, force: true });
}

async function requireGo(reason) {
  const found = await findGo();
  if (found && isAtLeast(found, neededGo)) return;
  throw new Stop(
    `The Pulumi CLI ${version} could not be downloaded (${reason}), and Go ${neededGo}, which could build it, is ${found ? `not there (found ${found})` : 'not there'}.`,
    `Allow access to get.pulumi.com, or install Go ${neededGo} or newer, and run the command again.`,
  );
}

function reasonOf(error) {
  return error.cause?.code ?? error.message;
}

async function install(folder) {
  try {
    await during(`Fetching the Pulumi CLI ${version}`, () => download(folder));
  } catch (error) {
    await requireGo(reasonOf(error));
    say(`  not to be had from the vendor (${reasonOf(error)}); building it with Go instead`);
    rmSync(join(folder, 'bin'), { recursive: true, force: true });
    await during('Building the Pulumi CLI (about five minutes on two cores, once)', () => build(folder));
  }
  const { output } = await capture(join(folder, 'bin', 'pulumi'), ['version'], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
  });
  if (output.trim() !== `v${version}`)
    throw new Stop(`The Pulumi CLI says "${tail(output, 3)}" instead of v${version}.`, 'Run the command again.');
}

/** Brings the Pulumi CLI: the vendor's archive, verified, or else a build from the Go module. */
export async function ensurePulumi() {
  return await ensureTool('pulumi', install);
}
