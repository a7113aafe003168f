import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { FleetPlan } from '@bulkhead/domain/fleet';
import type { DemoUser } from '@bulkhead/local';
import { locateTools } from '@bulkhead/providers/testing/tools';
import type { TestStack } from '../support/test-stack.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A CI job: a folder of its own, a checkout, and nothing that reaches anything unless it is given. */
export class PreviewStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'bulkhead-ci-'));

  constructor(private readonly current: () => TestStack) {}

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Runs `bulkhead` in the checkout; with the access of a user when one is named, and without any otherwise. */
  async run(args: readonly string[], user?: DemoUser): Promise<Ended> {
    const { api } = this.current();
    const access = user && { BULKHEAD_URL: api.url, BULKHEAD_TOKEN: await api.token(user) };
    const env = {
      PATH: process.env['PATH'],
      HOME: this.folder,
      BULKHEAD_PULUMI_ROOT: locateTools().pulumiRoot,
      ...access,
    };
    const command = [join(ROOT, 'apps/cli/bin/bulkhead.mjs'), ...args];
    const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code as number, stdout, stderr };
  }

  /** The shipped templates with a tier in its next version. */
  templatesWith(tier: string, change: (yaml: string) => string): string {
    const copy = mkdtempSync(join(this.folder, 'templates-'));
    cpSync(join(ROOT, 'tenant-templates'), copy, { recursive: true });
    const file = join(copy, 'tiers', `${tier}.yaml`);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    return copy;
  }

  /** A fresh bundle, made as the role ci. */
  async bundle(name: string): Promise<string> {
    const file = this.file(name);
    const { code, stderr } = await this.run(['fleet', 'bundle', '--out', file], 'ci');
    if (code !== 0) throw new Error(stderr);
    return file;
  }

  /** Previews without any access. */
  async preview(
    bundle: string,
    name: string,
    args: readonly string[],
  ): Promise<{ code: number; plan: FleetPlan; file: string }> {
    const file = this.file(name);
    const { code, stderr } = await this.run(['preview', '--bundle', bundle, '--output', `json=${file}`, ...args]);
    if (code === 1) throw new Error(stderr);
    return { code, plan: JSON.parse(readFileSync(file, 'utf8')) as FleetPlan, file };
  }
}

/** For `--templates`: the next version of a tier. */
export const nextVersion = (yaml: string): string => yaml.replace('version: 1', 'version: 2');

/** Slugs of the tenants of some stacks. */
export function slugs(stacks: FleetPlan['stacks']): string[] {
  return stacks.flatMap(({ tenants }) => tenants.map(({ slug }) => slug));
}
