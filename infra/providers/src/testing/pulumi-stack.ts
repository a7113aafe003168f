import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from '@pulumi/pulumi/automation/index.js';
import { locateTools } from './tools.js';

/** The provider servers as the local stack starts them, in a process of their own. */
export interface ProviderProcess {
  readonly child: ChildProcess;
  readonly ports: { readonly aws: number; readonly bulkhead: number };
  stop(): Promise<void>;
}

export async function startProviders(environment: Record<string, string>): Promise<ProviderProcess> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const child = spawn(process.execPath, [main], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return { child, ports: JSON.parse(line) as ProviderProcess['ports'], stop };
}

/** Real Pulumi stacks of one test, with their state in a folder of their own. */
export class PulumiStacks {
  readonly folder: string;
  readonly #command: Promise<PulumiCommand> = PulumiCommand.get({ root: locateTools().pulumiRoot });

  constructor(
    readonly ports: ProviderProcess['ports'],
    folder?: string,
  ) {
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'bulkhead-pulumi-'));
  }

  async stack(stackName: string, program: PulumiFn): Promise<Stack> {
    return LocalWorkspace.createOrSelectStack(
      { stackName, projectName: 'bulkhead', program },
      {
        pulumiCommand: await this.#command,
        envVars: {
          PULUMI_BACKEND_URL: `file://${this.folder}`,
          PULUMI_HOME: join(this.folder, 'home'),
          PULUMI_CONFIG_PASSPHRASE: 'passphrase of a test',
          PULUMI_SKIP_UPDATE_CHECK: 'true',
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
          PULUMI_DEBUG_PROVIDERS: `aws:${this.ports.aws},bulkhead:${this.ports.bulkhead}`,
          AWS_REGION: 'us-east-1',
        },
      },
    );
  }

  /** Forgets everything that the state knows of a stack, as if the state had been lost. */
  forget(stackName: string): void {
    rmSync(join(this.folder, '.pulumi', 'stacks', 'bulkhead', `${stackName}.json`), { force: true });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
