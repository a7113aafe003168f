import type { CheckCount, Finding, TargetProof } from '@bulkhead/domain/isolation';

/** What a proof has come to so far: it stays when the proof breaks off. */
export class Collected {
  readonly #checks: CheckCount[] = [];
  readonly #findings = new Map<string, Finding>();
  readonly #voids: string[] = [];

  /** Counts what a check looked at. */
  looked(name: string, looked: number): void {
    this.#checks.push({ name, looked });
  }

  /** Keeps one finding for each rule, object and way; the first detail counts. */
  found(findings: readonly Finding[]): void {
    for (const one of findings) {
      const key = `${one.rule}\n${one.object}\n${one.shown}`;
      if (!this.#findings.has(key)) this.#findings.set(key, one);
    }
  }

  /** Says why the proof is worth nothing. */
  void(...reasons: readonly string[]): void {
    this.#voids.push(...reasons);
  }

  of(target: string, kind: TargetProof['kind']): TargetProof {
    return { target, kind, checks: this.#checks, findings: [...this.#findings.values()], voids: this.#voids };
  }
}
