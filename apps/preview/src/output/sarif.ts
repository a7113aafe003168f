import { CONTROLS, RULES } from '@bulkhead/policies';
import { blockedSteps, type FleetReport, type Problem, type StackReport } from '../report.js';

/** Rules of the preview itself, besides those of the policy pack. */
const OWN_RULES = {
  'state-kept': 'A change neither deletes nor replaces what holds data, unless an approved change request names it.',
  'published-version-changed': 'The content of a published template never changes.',
  'tier-removed': 'A tier that live tenants are on stays in the templates.',
} as const;

/** What a rule's finding is shown at: the program that declares the resource. */
const PROGRAMS = 'infra/programs/src';

/** The report in SARIF 2.1.0 (OASIS), for code scanning. Rules carry the controls that they give evidence for. */
export function toSarif(report: FleetReport): object {
  const { stacks, problems } = report;
  const failed = stacks.filter(({ result }) => result === 'failed');
  const notifications = failed.map(({ stack, reason }) => ({
    level: 'error',
    message: { text: `${stack}: ${reason}` },
  }));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'bulkhead-preview', semanticVersion: '1.0.0', rules: rules() } },
        invocations: [
          {
            executionSuccessful: failed.length === 0,
            ...(notifications.length > 0 && { toolExecutionNotifications: notifications }),
          },
        ],
        results: [...problems.map(problemResult), ...stacks.flatMap(stackResults)],
      },
    ],
  };
}

function rules(): object[] {
  const pack = RULES.map(({ id, description, hipaa }) => {
    const { cis, nist } = CONTROLS[id] ?? { cis: [], nist: [] };
    const tags = [
      'security',
      ...hipaa.map((control) => `HIPAA §${control}`),
      ...cis.map((control) => `CIS AWS ${control}`),
      ...nist.map((control) => `NIST 800-53 ${control}`),
    ];
    return {
      id,
      shortDescription: { text: description },
      defaultConfiguration: { level: 'error' },
      properties: { tags, hipaa, cisAws: cis, nist80053: nist },
    };
  });
  const own = Object.entries(OWN_RULES).map(([id, text]) => ({
    id,
    shortDescription: { text },
    defaultConfiguration: { level: 'error' },
    properties: { tags: ['reliability'] },
  }));
  return [...pack, ...own];
}

function problemResult({ rule, message, file, line }: Problem): object {
  return {
    ruleId: rule,
    level: 'error',
    message: { text: message },
    locations: [place(file ?? 'tenant-templates/tiers', line ?? 1)],
    partialFingerprints: { 'bulkhead/v1': `${rule}/${message}` },
  };
}

function stackResults(stack: StackReport): object[] {
  const broken = stack.violations.map(({ rule, urn, message }) => finding(stack, rule, urn, message));
  const lost = blockedSteps(stack).map(({ urn, operation, blocked }) =>
    finding(stack, 'state-kept', urn, `${operation}: ${blocked}`),
  );
  return [...broken, ...lost];
}

function finding({ stack, program, tenants }: StackReport, rule: string, urn: string, message: string): object {
  const named = tenants.length === 1 ? `${tenants[0]?.slug}, ` : '';
  return {
    ruleId: rule,
    level: 'error',
    message: { text: `${named}${stack}: ${message}` },
    locations: [
      {
        ...place(`${PROGRAMS}/${program}.ts`, 1),
        logicalLocations: [{ name: urn.split('::').at(-1), fullyQualifiedName: urn, kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'bulkhead/v1': `${rule}/${urn}` },
  };
}

function place(uri: string, startLine: number): { physicalLocation: object } {
  return { physicalLocation: { artifactLocation: { uri }, region: { startLine } } };
}
