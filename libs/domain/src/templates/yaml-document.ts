import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { TemplateProblem } from './template-types.js';

export interface YamlDocument {
  readonly value: unknown;
  readonly problems: readonly TemplateProblem[];
  /** Points at the value under `pointer`; at `key` inside it when given; at the nearest parent that exists otherwise. */
  readonly problemAt: (pointer: string, message: string, key?: string) => TemplateProblem;
}

/**
 * Reads one YAML 1.2 document and remembers where everything stands. Anchors and aliases are refused: a template is
 * reviewed line by line, and an alias would let one line change another. Never throws on bad text.
 */
export function readYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    merge: false,
  });
  const problem = (offset: number, pointer: string, message: string): TemplateProblem => {
    const { line, col } = lines.linePos(offset);
    const at = { line: Math.max(line, 1), column: Math.max(col, 1) };
    return { file, ...at, pointer, message: `${file}:${at.line}:${at.column} ${message}` };
  };
  const problems = [...document.errors, ...document.warnings].map((error) => problem(error.pos[0], '', error.message));
  visit(document, {
    Node: (_key, node) => {
      const anchored = 'anchor' in node && node.anchor !== undefined;
      if (anchored || !(isScalar(node) || isMap(node) || isSeq(node))) {
        problems.push(problem(node.range?.[0] ?? 0, '', 'Anchors and aliases are not accepted; write the value out.'));
        return visit.SKIP;
      }
      return undefined;
    },
  });
  return {
    value: problems.length === 0 ? document.toJS() : undefined,
    problems,
    problemAt: (pointer, message, key) => problem(offsetOf(document, pointer, key), pointer, message),
  };
}

function offsetOf(document: Document, pointer: string, key: string | undefined): number {
  let node: unknown = document.contents;
  for (const segment of pointerSegments(pointer)) {
    const child: unknown =
      isMap(node) || isSeq(node) ? node.get(isSeq(node) ? Number(segment) : segment, true) : undefined;
    if (!isNode(child)) break;
    node = child;
  }
  if (key !== undefined && isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0;
  }
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function pointerSegments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Escapes one segment of a JSON pointer (RFC 6901). */
export function pointerSegment(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
