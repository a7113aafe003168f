import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PULUMI_PROJECT } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import { programFor } from '@bulkhead/programs';
import {
  fullyQualifiedStackName,
  LocalWorkspace,
  PulumiCommand,
  Stack,
  type EngineEvent,
} from '@pulumi/pulumi/automation/index.js';
import type { Answer, Failure, OpenCommand, RunCommand } from './messages.js';
import { PlanRecord } from './plan-record.js';
import { releaseProgram } from './release-program.js';
import { RunRecord } from './run-record.js';
import { settleProgram, settleTargets } from './settle-program.js';

const QUIET_OUTPUT = { color: 'never', suppressOutputs: true, suppressProgress: true } as const;

/** One stack opened with the Automation API, inside the child process. */
export class PulumiSession {
  readonly #open: OpenCommand;
  readonly #stack: Stack;
  readonly #policyConfig: string;
  readonly #tell: (answer: Answer) => void;
  readonly #cancel = new AbortController();

  private constructor(open: OpenCommand, stack: Stack, policyConfig: string, tell: (answer: Answer) => void) {
    this.#open = open;
    this.#stack = stack;
    this.#policyConfig = policyConfig;
    this.#tell = tell;
  }

  static async open(command: OpenCommand, tell: (answer: Answer) => void): Promise<PulumiSession> {
    const workDir = join(command.folder, 'work');
    const policyConfig = join(command.folder, 'policy.json');
    await mkdir(workDir, { recursive: true });
    await writeFile(policyConfig, command.policyConfig);
    const workspace = await LocalWorkspace.create({
      workDir,
      pulumiHome: join(command.folder, 'home'),
      pulumiCommand: pulumiCommand(command),
      envVars: { ...command.environment },
      projectSettings: { name: PULUMI_PROJECT, runtime: 'nodejs', main: workDir },
      stackSettings: { [command.stack]: { config: { 'aws:region': command.request.spec.region } } },
    });
    const name = fullyQualifiedStackName('organization', PULUMI_PROJECT, command.stack);
    // Selecting would start the CLI only to note a current stack, which nothing here reads: every command names its own.
    workspace.selectStack = () => Promise.resolve();
    const stack = command.exists ? await Stack.select(name, workspace) : await Stack.create(name, workspace);
    // Both would start the CLI again after each run, once with secrets shown. The worker reads outputs from the state.
    stack.outputs = () => Promise.resolve({});
    stack.info = () => Promise.resolve(undefined);
    return new PulumiSession(command, stack, policyConfig, tell);
  }

  /** Asks the running command to end after the operations that are under way. */
  cancel(): void {
    this.#cancel.abort();
  }

  async run(command: RunCommand): Promise<void> {
    const record = new RunRecord(this.#open.secrets, {
      begun: () => this.#tell({ kind: 'begun' }),
      progress: (event) => this.#tell({ kind: 'event', event }),
    });
    const plan =
      command.kind === 'plan' || command.kind === 'drift'
        ? new PlanRecord(this.#open.secrets, command.kind)
        : undefined;
    const planned = () => plan && { plan: plan.steps };
    try {
      // Pulumi ignores a signal that was given before the command began.
      this.#cancel.signal.throwIfAborted();
      await this.#execute(command, (event) => {
        record.take(event);
        plan?.take(event);
      });
      this.#tell({ kind: 'done', changes: record.changes, ...planned() });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const failure = record.failure(text, this.#cancel.signal.aborted);
      this.#tell({
        kind: 'failed',
        failure: error instanceof BulkheadError ? { ...failure, refusal: refusal(error) } : failure,
        ...planned(),
      });
    }
  }

  async #execute(command: RunCommand, onEvent: (event: EngineEvent) => void): Promise<void> {
    const options = { ...QUIET_OUTPUT, onEvent, signal: this.#cancel.signal };
    const guarded = { ...options, policyPacks: [this.#open.policyPack], policyPackConfigs: [this.#policyConfig] };
    switch (command.kind) {
      case 'up':
        // A roster's registrations do not depend on each other: a bad one must not keep the others out.
        await this.#stack.up({
          ...guarded,
          program: programFor(this.#open.request),
          showSecrets: false,
          continueOnError: this.#open.request.program === 'roster',
          ...(command.targets && { target: [...command.targets] }),
        });
        return;
      case 'unprotect':
        // No rules here: they are about what is made, and must not keep anything from being removed.
        await this.#stack.up({
          ...options,
          program: programFor(this.#open.request),
          showSecrets: false,
          continueOnError: true,
          target: [...command.urns],
        });
        return;
      case 'settle':
        await this.#stack.up({
          ...options,
          program: settleProgram(command.known, command.pending),
          showSecrets: false,
          continueOnError: true,
          target: settleTargets(command.known, command.pending),
        });
        return;
      case 'release':
      case 'restore':
        // No rules here either: what is about to be deleted need not keep them, and what was there before did.
        await this.#stack.up({
          ...options,
          program: releaseProgram(command.known, command.kind === 'release' ? command.urns : []),
          showSecrets: false,
          target: [...command.urns],
        });
        return;
      case 'lose':
        await this.#stack.destroy({
          ...options,
          showSecrets: false,
          target: [...command.urns],
          targetDependents: true,
        });
        return;
      case 'plan':
        await this.#stack.preview({ ...guarded, program: programFor(this.#open.request) });
        return;
      case 'drift':
        await this.#stack.previewRefresh(options);
        return;
      case 'refresh':
        await this.#stack.refresh({
          ...options,
          showSecrets: false,
          ...(command.targets && { target: [...command.targets] }),
        });
        return;
      case 'clear-pending':
        await this.#stack.refresh({ ...options, showSecrets: false, clearPendingCreates: true });
        return;
      case 'destroy':
        await this.#stack.destroy({ ...options, showSecrets: false });
        return;
    }
  }
}

function refusal({ code, status, publicMessage, remediation }: BulkheadError): Failure['refusal'] {
  return { code, status, publicMessage, remediation };
}

/**
 * The CLI, without asking it for its version once more: the worker did, and the answer costs the start of the CLI.
 * The constructor is declared private; of the version only `toString` is used.
 */
function pulumiCommand({ pulumiRoot, pulumiVersion }: OpenCommand): PulumiCommand {
  const version = { toString: () => pulumiVersion };
  return Reflect.construct(PulumiCommand, [join(pulumiRoot, 'bin', 'pulumi'), version]) as PulumiCommand;
}
