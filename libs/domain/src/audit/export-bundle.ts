import { canonicalJson } from './audit-entry.js';
import type { Hash } from './merkle-hash.js';
import { fromBase64 } from './signed-note.js';

// An export is a JSON Lines file. Every line is RFC 8785 canonical, so that two readers cannot see different things in
// it. The first line is the header; then come leaves in order, and after the leaf that completes the tree of a signed
// checkpoint, that checkpoint. Hashes are standard base64.

export interface ExportHeader {
  readonly format: 'bulkhead-audit-export/1';
  /** Newest signed checkpoint of the log, which everything here is proven against. */
  readonly checkpoint: string;
  /** For information only: a verifier brings the keys that it trusts. */
  readonly publicKeys: readonly string[];
  /** The export holds the leaves from `from` up to but not including `to`. */
  readonly from: number;
  readonly to: number;
  /** The tree before `from`, and the proof that the tree at `to` extends it. */
  readonly frontier: readonly Hash[];
  readonly fromProof: readonly Hash[];
  /** Root of the tree at `to`, and the proof that the tree of the checkpoint extends it. */
  readonly root: Hash;
  readonly toProof: readonly Hash[];
}

export interface ExportLeaf {
  readonly index: number;
  /** The leaf's bytes: RFC 8785 canonical JSON of its {@link AuditEntry}, as stored. */
  readonly text: string;
  /** Hash of the leaf, and of the subtrees that it completed from level 1 upwards, as the log has stored them. They help
   * to find the place of a damage. Undefined when the log lost them. */
  readonly leafHash: Hash | undefined;
  readonly nodes: readonly (Hash | undefined)[];
}

export type ExportLine = { readonly leaf: ExportLeaf } | { readonly checkpoint: string };

export class ExportFormatError extends Error {}

const HASH_LISTS = ['frontier', 'fromProof', 'toProof'] as const;
const HEADER_MEMBERS = ['format', 'checkpoint', 'publicKeys', 'from', 'to', 'root', ...HASH_LISTS];

/** The first line of an export, with its newline. */
export function writeHeader(header: ExportHeader): string {
  const lists = Object.fromEntries(HASH_LISTS.map((name) => [name, header[name].map(toBase64)]));
  return `${canonicalJson({ ...header, ...lists, root: toBase64(header.root) })}\n`;
}

/** A leaf or a checkpoint as a line with its newline. */
export function writeLine(line: ExportLine): string {
  if ('checkpoint' in line) return `${canonicalJson(line)}\n`;
  const { index, text, leafHash, nodes } = line.leaf;
  const entry = canonicalOrUndefined(text);
  // Text that is not canonical was not written by Bulkhead; it is kept as it stands, for the verifier to name it.
  const content = entry === undefined ? { text } : { entry };
  return `${canonicalJson({ index, ...content, leafHash: leafHash ? toBase64(leafHash) : null, nodes: nodes.map((hash) => (hash ? toBase64(hash) : null)) })}\n`;
}

/** @throws ExportFormatError */
export function readHeader(line: string): ExportHeader {
  const value = readCanonical(line);
  if (value.format !== 'bulkhead-audit-export/1')
    throw new ExportFormatError('the first line is not the header of an audit export');
  onlyMembers(value, HEADER_MEMBERS);
  const { checkpoint, from, to, publicKeys } = value;
  if (typeof checkpoint !== 'string' || !isIndex(from) || !isIndex(to) || from > to || !isTexts(publicKeys)) {
    throw new ExportFormatError('the header lacks a checkpoint, a range or keys');
  }
  const [frontier, fromProof, toProof] = HASH_LISTS.map((name) => readHashes(value[name])) as [Hash[], Hash[], Hash[]];
  return {
    format: value.format,
    checkpoint,
    publicKeys,
    from,
    to,
    frontier,
    fromProof,
    root: readHash(value.root),
    toProof,
  };
}

/** @throws ExportFormatError */
export function readLine(line: string): ExportLine {
  const value = readCanonical(line);
  if (typeof value.checkpoint === 'string') {
    onlyMembers(value, ['checkpoint']);
    return { checkpoint: value.checkpoint };
  }
  const { index, entry, leafHash, nodes } = value;
  onlyMembers(value, ['index', entry === undefined ? 'text' : 'entry', 'leafHash', 'nodes']);
  const text = entry === undefined ? value.text : canonicalJson(entry);
  if (!isIndex(index) || typeof text !== 'string' || !Array.isArray(nodes))
    throw new ExportFormatError('a line is neither leaf nor checkpoint');
  const orMissing = (hash: unknown) => (hash === null ? undefined : readHash(hash));
  return { leaf: { index, text, leafHash: orMissing(leafHash), nodes: nodes.map(orMissing) } };
}

function readCanonical(line: string): Record<string, unknown> {
  const value = canonicalOrUndefined(line);
  if (value === undefined || value === null || typeof value !== 'object')
    throw new ExportFormatError('a line is not canonical JSON');
  return value as Record<string, unknown>;
}

function canonicalOrUndefined(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is not checked must not stand in an export, where a reader would take it for proven. */
function onlyMembers(value: Record<string, unknown>, names: readonly string[]): void {
  const stranger = Object.keys(value).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new ExportFormatError(`a line has an unknown member ${JSON.stringify(stranger)}`);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function toBase64(hash: Hash): string {
  return hash.toString('base64');
}

function readHash(value: unknown): Hash {
  const hash = typeof value === 'string' ? fromBase64(value) : undefined;
  if (hash?.length !== 32) throw new ExportFormatError('a hash is not 32 bytes in base64');
  return hash;
}

function readHashes(value: unknown): Hash[] {
  if (!Array.isArray(value)) throw new ExportFormatError('the header lacks a list of hashes');
  return value.map(readHash);
}
