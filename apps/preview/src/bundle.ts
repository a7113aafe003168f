import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { ApprovedLoss, FleetStack, FleetTenant, FleetTier, RecordedState } from '@bulkhead/domain/fleet';
import type { BulkheadError } from '@bulkhead/kernel';
import { previewError } from './preview-error.js';

const FORMAT = 1;

/** A stack without its state, which stays in the file until it is needed. */
export interface BundledStack extends Omit<FleetStack, 'state'> {
  readonly hasState: boolean;
}

/** A fleet bundle (`bulkhead fleet bundle`), opened. */
export interface Bundle {
  readonly createdAt: string;
  readonly source: string;
  readonly tiers: readonly FleetTier[];
  readonly tenants: readonly FleetTenant[];
  /** Losses of state that were approved when the bundle was made. */
  readonly approved: readonly ApprovedLoss[];
  /** Sorted by name. */
  readonly stacks: readonly BundledStack[];
  state(stack: string): Promise<RecordedState | null>;
  close(): Promise<void>;
}

interface Place {
  readonly at: number;
  readonly bytes: number;
}

type Line =
  | { readonly kind: 'bulkhead-fleet'; readonly format: number; readonly createdAt: string; readonly source: string }
  | ({ readonly kind: 'tier' } & FleetTier)
  | ({ readonly kind: 'tenant' } & FleetTenant)
  | ({ readonly kind: 'approved-loss' } & ApprovedLoss)
  | ({ readonly kind: 'stack' } & FleetStack)
  | { readonly kind: 'end'; readonly stacks: number; readonly tenants: number; readonly tiers: number };

/**
 * Reads a bundle line by line. Only what specifications follow from is kept in memory, a few kilobytes for each stack.
 * @throws BulkheadError `bundle_unreadable`, `bundle_invalid` (422) with the line, for one that was cut off too.
 */
export async function openBundle(file: string): Promise<Bundle> {
  const handle = await open(file).catch((cause: unknown) => {
    const text = 'Make one with: bulkhead fleet bundle --out FILE';
    throw previewError('bundle_unreadable', `The fleet bundle ${file} cannot be read.`, text, { cause });
  });
  try {
    return await index(file, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function index(file: string, handle: FileHandle): Promise<Bundle> {
  const [tiers, tenants, stacks]: [FleetTier[], FleetTenant[], BundledStack[]] = [[], [], []];
  const approved: ApprovedLoss[] = [];
  const places = new Map<string, Place>();
  let header: Extract<Line, { kind: 'bulkhead-fleet' }> | undefined;
  let whole = false;
  let [at, number] = [0, 0];
  for await (const text of createInterface(createReadStream(file, 'utf8'))) {
    number++;
    const bytes = Buffer.byteLength(text);
    const line = parsed(file, number, text);
    if (number === 1) header = headerOf(file, line);
    if (line.kind === 'tier') tiers.push(line);
    if (line.kind === 'tenant') tenants.push(line);
    if (line.kind === 'approved-loss') approved.push(line);
    if (line.kind === 'stack') {
      const { state, ...rest } = line;
      stacks.push({ ...rest, hasState: state !== null });
      places.set(line.stack, { at, bytes });
    }
    if (line.kind === 'end') whole = line.stacks === stacks.length && line.tenants === tenants.length;
    at += bytes + 1;
  }
  if (!header || !whole) throw invalid(file, number, 'it was cut off');
  const { createdAt, source } = header;
  const sorted = stacks.toSorted((a, b) => (a.stack < b.stack ? -1 : 1));
  const state = (stack: string): Promise<RecordedState | null> => readState(handle, places.get(stack));
  return { createdAt, source, tiers, tenants, approved, stacks: sorted, state, close: () => handle.close() };
}

async function readState(handle: FileHandle, place: Place | undefined): Promise<RecordedState | null> {
  if (place === undefined) return null;
  const { buffer } = await handle.read(Buffer.alloc(place.bytes), 0, place.bytes, place.at);
  return (JSON.parse(buffer.toString('utf8')) as FleetStack).state;
}

function parsed(file: string, number: number, text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch (cause) {
    throw invalid(file, number, 'it is no JSON', cause);
  }
}

function headerOf(file: string, line: Line): Extract<Line, { kind: 'bulkhead-fleet' }> {
  if (line.kind === 'bulkhead-fleet' && line.format === FORMAT) return line;
  throw invalid(file, 1, `it is no header of format ${FORMAT}`);
}

function invalid(file: string, line: number, why: string, cause?: unknown): BulkheadError {
  const text = `${file}:${line} is not a line of a fleet bundle: ${why}.`;
  return previewError('bundle_invalid', text, 'Make the bundle again: bulkhead fleet bundle --out FILE', { cause });
}
