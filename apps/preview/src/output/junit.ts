import { outcome } from '../progress.js';
import { blockedSteps, type FleetReport, type StackReport } from '../report.js';

/** The report as JUnit XML: a suite for each program, a case for each stack. What is blocked or broken fails. */
export function toJunit({ stacks, problems }: FleetReport): string {
  const programs = Map.groupBy(stacks, ({ program }) => program);
  const suites = [...programs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([program, members]) => suite(program, members.map(testCase)));
  if (problems.length > 0) {
    const cases = problems.map(({ rule, message }) =>
      element('testcase', { name: rule, classname: 'templates' }, failure(message)),
    );
    suites.unshift(suite('templates', cases));
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'bulkhead preview' }, suites.join(''))}\n`;
}

function suite(name: string, cases: readonly string[]): string {
  const count = (tag: string): number => cases.filter((text) => text.includes(`<${tag} `)).length;
  const numbers = {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
  return `\n${element('testsuite', { name, ...numbers }, cases.join(''))}`;
}

function testCase(stack: StackReport): string {
  const { tenants, program, result, reason = '', violations } = stack;
  const name = tenants.length === 1 ? `${stack.stack} (${tenants[0]?.slug})` : stack.stack;
  const reasons = [
    ...blockedSteps(stack).map(({ operation, name: resource, blocked }) => `${operation} ${resource}: ${blocked}`),
    ...violations.map(({ rule, urn, message }) => `${rule} ${urn}: ${message}`),
  ];
  const body =
    reasons.length > 0
      ? failure(reasons.join('\n'))
      : result === 'failed'
        ? element('error', { message: reason }, '')
        : result === 'not-run'
          ? element('skipped', { message: reason }, '')
          : element('system-out', {}, escaped(outcome(stack)));
  return `\n${element('testcase', { name, classname: program }, body)}`;
}

function failure(text: string): string {
  return element('failure', { message: text.split('\n', 1)[0] ?? '' }, escaped(text));
}

function element(tag: string, attributes: Readonly<Record<string, string | number>>, body: string): string {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  return `<${tag}${written.join('')}>${body}</${tag}>`;
}

/** XML 1.0 has no way to write most control characters: they become U+FFFD. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\P{Cc}\t\n\r]/gu, '\uFFFD');
}
