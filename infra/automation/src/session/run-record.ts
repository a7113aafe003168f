import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import { urnName, urnType, type PolicyViolation, type ResourceFailure } from '../errors.js';
import { redact } from '../redact.js';
import type { Failure, ProgramEvent, ResourceChanges } from './messages.js';

/** Steps that change nothing are no progress. */
const QUIET = new Set(['same', 'read', 'refresh']);
/** The most that one error lists; the rest would only repeat it. */
const MAX_LISTED = 60;

/** Gathers from the engine's events what a run did, and what went wrong where. Every text is redacted on its way in. */
export class RunRecord {
  changes: ResourceChanges = {};
  #begun = false;
  readonly #violations: PolicyViolation[] = [];
  readonly #messages = new Map<string, string[]>();
  readonly #failed = new Set<string>();
  readonly #general: string[] = [];

  constructor(
    readonly secrets: readonly string[],
    readonly on: { readonly begun: () => void; readonly progress: (event: ProgramEvent) => void },
  ) {}

  take(event: EngineEvent): void {
    if (event.resourcePreEvent) {
      if (!this.#begun) this.on.begun();
      this.#begun = true;
      this.#progress('started', event.resourcePreEvent.metadata);
    }
    if (event.resOutputsEvent) this.#progress('done', event.resOutputsEvent.metadata);
    if (event.resOpFailedEvent) {
      this.#failed.add(event.resOpFailedEvent.metadata.urn);
      this.#progress('failed', event.resOpFailedEvent.metadata);
    }
    if (event.summaryEvent) this.changes = event.summaryEvent.resourceChanges;
    if (event.policyEvent?.enforcementLevel === 'mandatory') {
      const { policyName: rule, resourceUrn = '', message } = event.policyEvent;
      this.#violations.push({ rule, urn: resourceUrn, message: redact(message, this.secrets) });
    }
    if (event.diagnosticEvent?.severity === 'error') this.#diagnose(event.diagnosticEvent);
  }

  #progress(state: ProgramEvent['state'], metadata: { op: string; urn: string }): void {
    if (QUIET.has(metadata.op)) return;
    const { op: operation, urn } = metadata;
    this.on.progress({ operation, state, urn, type: urnType(urn), name: urnName(urn) });
  }

  #diagnose({ urn = '', message }: { urn?: string; message: string }): void {
    const text = redact(message, this.secrets);
    if (text === '') return;
    if (urn === '' || urnType(urn) === 'pulumi:pulumi:Stack') this.#general.push(text);
    else this.#messages.set(urn, [...(this.#messages.get(urn) ?? []), text]);
  }

  /** What went wrong, given the text of the command's own error. */
  failure(text: string, cancelled: boolean): Failure {
    const urns = new Set([...this.#failed, ...this.#messages.keys()]);
    const failures = [...urns].slice(0, MAX_LISTED).map((urn): ResourceFailure => {
      const message = this.#messages.get(urn)?.join(' ') ?? 'The operation failed without a message.';
      return { urn, type: urnType(urn), name: urnName(urn), message };
    });
    const general = this.#general.join(' ');
    const isProtected = /cannot be deleted\s+because it is protected|is protected/.test(
      `${general} ${JSON.stringify(failures)}`,
    );
    return {
      reason: cancelled ? 'cancelled' : isProtected ? 'protected' : 'failed',
      violations: this.#violations.slice(0, MAX_LISTED),
      failures,
      message: general || redact(lastError(text), this.secrets),
    };
  }
}

/** A command's error text holds its whole output; only its `error:` lines say why. */
function lastError(text: string): string {
  const lines = text.split('\n').filter((line) => /\berror:/i.test(line));
  return lines.join(' ') || 'The command failed without a message.';
}
