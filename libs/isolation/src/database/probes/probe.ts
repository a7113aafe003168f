import { finding, type Finding, type IsolationRule } from '@bulkhead/domain/isolation';
import type { Attempts } from '../attempts.js';
import type { Filled } from '../fill.js';
import type { ProbeTenants } from '../probe-tenants.js';
import type { DatabaseTarget, Relation } from '../target.js';

/** What every probe works with: one transaction in which both tenants have a row in every table. */
export interface Scene {
  readonly target: DatabaseTarget;
  readonly attempts: Attempts;
  readonly tenants: ProbeTenants;
  readonly relations: readonly Relation[];
  readonly filled: Filled;
  /** Destructive probes may be carried out. */
  readonly destructive: boolean;
}

export interface ProbeResult {
  readonly looked: number;
  readonly findings: readonly Finding[];
}

/** One way to try to cross, over everything that it applies to. */
export type Probe = (scene: Scene) => Promise<ProbeResult>;

/** Makes findings in the name of one probe. */
export function reporter({ target }: Pick<Scene, 'target'>, probe: string) {
  return (rule: IsolationRule, object: string, detail: string): Finding =>
    finding(rule, { target: target.name, object, detail, shown: `probe:${probe}` });
}
