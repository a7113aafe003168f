import type { IsolationRule } from '@bulkhead/domain/isolation';

/** Where parts of the proof of holdings tell what they saw. */
export interface Told {
  readonly found: (rule: IsolationRule, object: string, detail: string, shown?: string) => void;
  readonly blind: (reason: string) => void;
  readonly looked: (name: string, looked: number) => void;
}

/** Never the message: it may quote what was asked for. */
export function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}
