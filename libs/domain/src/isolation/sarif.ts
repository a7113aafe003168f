import { findingsOf, type Finding, type ProofReport } from './report.js';
import { ISOLATION_RULES, type Severity } from './rules.js';

/** SARIF's levels; `note` is a level of its own there too. */
const LEVEL: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  note: 'note',
};

/** Read by code scanners, which sort by it: https://docs.github.com/code-security, `security-severity`. */
const SCORE: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.0', note: '0.0' };

/** The report in SARIF 2.1.0 (OASIS). What makes a proof void is a tool notification, as the run was no proof. */
export function toSarif(report: ProofReport): object {
  const voids = report.targets.flatMap(({ target, voids: reasons }) =>
    reasons.map((reason) => ({ level: 'error', message: { text: `${target}: ${reason}` } })),
  );
  const invocation = {
    executionSuccessful: report.verdict !== 'void',
    startTimeUtc: report.startedAt,
    endTimeUtc: report.finishedAt,
    ...(voids.length > 0 && { toolExecutionNotifications: voids }),
  };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'bulkhead-isolation', semanticVersion: '1.0.0', rules: rules() } },
        invocations: [invocation],
        results: findingsOf(report).map(result),
      },
    ],
  };
}

function rules(): object[] {
  return Object.entries(ISOLATION_RULES).map(([id, { severity, cause, remedy }]) => ({
    id,
    shortDescription: { text: cause },
    help: { text: remedy },
    defaultConfiguration: { level: LEVEL[severity] },
    properties: { 'security-severity': SCORE[severity], tags: ['security', 'isolation'] },
  }));
}

function result({ rule, severity, target, object, cause, detail, shown, remedy }: Finding): object {
  return {
    ruleId: rule,
    level: LEVEL[severity],
    message: { text: `${object}: ${cause} ${detail} Remedy: ${remedy}` },
    locations: [{ logicalLocations: [{ name: object, fullyQualifiedName: `${target}/${object}` }] }],
    partialFingerprints: { 'bulkhead/v1': `${rule}/${target}/${object}` },
    properties: { shown },
  };
}
