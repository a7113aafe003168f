import type { IsolationRule, ProofMode } from '@bulkhead/domain/isolation';

/** A leak, how it is planted in a copy of a sound database, and which rule must name it at which object. */
export interface PlantedLeak {
  readonly name: string;
  /** SQL of a superuser on the copy; {owner}, {app}, {consumer} and {db} stand for names. */
  readonly plant: string;
  readonly rule: IsolationRule;
  readonly object: string;
  /** How the finding must have been shown; a probe where the leak can be carried out. */
  readonly shown?: string;
  readonly mode?: ProofMode;
  /** Takes back what was done to roles, which belong to the server. */
  readonly undo?: string;
}
