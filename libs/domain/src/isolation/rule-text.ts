/** `note`: a channel that is known and accepted; it is told and does not turn a proof red. */
export type Severity = 'critical' | 'high' | 'medium' | 'note';

export interface RuleText {
  readonly severity: Severity;
  /** What it means for the tenants, in plain words. */
  readonly cause: string;
  readonly remedy: string;
}

/** One rule's texts. */
export const rule = (severity: Severity, cause: string, remedy: string): RuleText => ({ severity, cause, remedy });
