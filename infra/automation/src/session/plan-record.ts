import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import { urnName, urnType } from '../errors.js';
import { redact } from '../redact.js';
import type { PlannedStep, PropertyDifference } from './messages.js';

type Metadata = NonNullable<EngineEvent['resourcePreEvent']>['metadata'];

/** The engine shows a replacement in up to three steps; the one in the middle is it. */
const OPERATIONS: Readonly<Record<string, PlannedStep['operation']>> = {
  create: 'create',
  update: 'update',
  replace: 'replace',
  delete: 'delete',
};
/** Stands for a value that only a run can tell (pulumi sdk, go/common/resource/plugin/rpc.go). */
const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const ARN = /^"arn:aws[\w-]*:[\w+=,.@:/!-]{1,300}"$/;
/** Enough to recognise a value. */
const LONGEST = 300;

/** Gathers from the engine's events what a run would change. The engine masks secrets; texts are redacted besides. */
export class PlanRecord {
  readonly #steps = new Map<string, PlannedStep>();
  readonly #notices = new Map<string, Metadata>();

  /** @param kind a drift is told by what the engine found at the end of reading a resource. */
  constructor(
    readonly secrets: readonly string[],
    readonly kind: 'plan' | 'drift',
  ) {}

  /** In the order of their names: the engine's own differs from run to run. */
  get steps(): readonly PlannedStep[] {
    return [...this.#steps.values()].toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
  }

  take({ resourcePreEvent, resOutputsEvent }: EngineEvent): void {
    const event = this.kind === 'plan' ? resourcePreEvent : resOutputsEvent;
    if (event === undefined) return;
    const { metadata } = event;
    // Only the creation and the deletion of a replacement say what differs.
    if (metadata.op === 'create-replacement' || metadata.op === 'delete-replaced') this.#noteReplacement(metadata);
    const operation = OPERATIONS[metadata.op];
    if (operation === undefined || isBookkeeping(metadata.urn)) return;
    const { urn } = metadata;
    this.#steps.set(urn, { ...named(urn), operation, properties: this.#differences(operation, metadata) });
  }

  #noteReplacement(metadata: Metadata): void {
    const known = this.#notices.get(metadata.urn);
    if (known === undefined || metadata.op === 'create-replacement') this.#notices.set(metadata.urn, metadata);
    const step = this.#steps.get(metadata.urn);
    if (step === undefined || step.properties.length > 0) return;
    this.#steps.set(step.urn, { ...step, properties: this.#differences('replace', metadata) });
  }

  #differences(operation: PlannedStep['operation'], metadata: Metadata): readonly PropertyDifference[] {
    if (operation === 'create' || operation === 'delete') return [];
    const own = this.#between(metadata);
    const noticed = this.#notices.get(metadata.urn);
    return own.length > 0 || noticed === undefined ? own : this.#between(noticed);
  }

  #between({ detailedDiff, diffs, keys, old, new: wanted }: Metadata): readonly PropertyDifference[] {
    const paths = Object.keys(detailedDiff ?? {});
    const listed = paths.length > 0 ? paths : (diffs ?? []);
    return [...new Set(listed)].toSorted().map((path) => {
      const before = this.#text(at(old?.inputs, path) ?? at(old?.outputs, path));
      const after = this.#text(at(wanted?.inputs, path));
      const kind = detailedDiff?.[path]?.diffKind ?? '';
      const replaces = /replace/i.test(kind) || (keys ?? []).includes(path);
      return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }), replaces };
    });
  }

  #text(value: unknown): string | undefined {
    if (value === undefined) return undefined;
    const json = (JSON.stringify(value) ?? '').replaceAll(UNKNOWN, '(known after apply)');
    // The name of a secret is not one, and shows which secret is meant.
    const text = ARN.test(json) ? json : redact(json, this.secrets);
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  }
}

function named(urn: string): { urn: string; type: string; name: string } {
  return { urn, type: urnType(urn), name: urnName(urn) };
}

/** Stacks, providers and components are no resources of anybody. */
function isBookkeeping(urn: string): boolean {
  return /^(?:pulumi:(?:pulumi:Stack|providers:)|bulkhead:components:)/.test(urnType(urn));
}

/** Value at a property path such as `rules[0].days` or `tags["bulkhead:id"]`. */
function at(values: unknown, path: string): unknown {
  const segments = path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g);
  let value: unknown = values;
  for (const [, quoted, index, plain] of segments) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[quoted ?? index ?? plain ?? ''];
  }
  return value;
}
