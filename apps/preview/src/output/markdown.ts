import type { Money } from '@bulkhead/domain';
import type { JudgedStep } from '@bulkhead/domain/fleet';
import { outcome } from '../progress.js';
import { blockedSteps, countOf, exitCode, OPERATIONS, type FleetReport, type StackReport } from '../report.js';

/** Longest comment that GitHub takes, in characters. */
export const COMMENT_LIMIT = 65_536;
/** What is kept free for saying what was left out. */
const RESERVE = 400;
/** By this the comment of an earlier push is found again. */
export const MARKER = '<!-- bulkhead-preview -->';

const HOW_TO_ASK =
  'If it is to be lost, ask for exactly this, and have two people approve it: `bulkhead changes state-loss --plan plan.json --reason …`';

const VERDICTS = {
  0: 'No live stack would change.',
  1: 'The preview is incomplete: some stacks failed.',
  2: 'Live stacks would change.',
  3: '**Blocked.** This change must not be merged as it is.',
} as const;

/**
 * The report for a comment on a pull request: the verdict, what is blocked, broken rules and failures first, then the
 * stacks that change, by name. What does not fit is counted, never cut in the middle.
 */
export function toMarkdown(report: FleetReport, limit = COMMENT_LIMIT): string {
  const blocks = [...alarms(report), ...changes(report)];
  let text = `${head(report)}\n`;
  let left = 0;
  for (const block of blocks) {
    // Once something is left out, everything after it is: what is shown must be a beginning, not a selection.
    if (left > 0 || text.length + block.length + 1 > limit - RESERVE) left++;
    else text += `${block}\n`;
  }
  if (left === 0) return text;
  return `${text}\n> **${left} of ${blocks.length} entries are left out**: a comment holds ${limit} characters. The JSON plan has all of them.\n`;
}

function head(report: FleetReport): string {
  const { stacks, prices, base, bundle } = report;
  const total = (operation: JudgedStep['operation']): number =>
    stacks.reduce((sum, { steps }) => sum + countOf(steps, operation), 0);
  const results = (result: StackReport['result']): number => stacks.filter((stack) => stack.result === result).length;
  const scope = base === null ? '' : ` Compared with \`${code(base)}\`.`;
  return [
    MARKER,
    '## Fleet preview',
    '',
    `${VERDICTS[exitCode(report)]}${scope}`,
    '',
    '| Stacks | Change | Unchanged | Not run | Failed | Create | Update | Replace | Delete | Blocked | Monthly cost |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    `| ${[
      ...[stacks.length, results('changes'), results('unchanged'), results('not-run'), results('failed')],
      ...OPERATIONS.map(total),
      stacks.reduce((sum, stack) => sum + blockedSteps(stack).length, 0),
      costTotal(report),
    ].join(' | ')} |`,
    '',
    `Fleet of ${bundle.createdAt}. ${prices === null ? 'No price table: costs are not estimated.' : `Costs are estimates by ${prices}.`}`,
    '',
  ].join('\n');
}

function costTotal({ stacks, prices }: FleetReport): string {
  if (prices === null) return 'no price table';
  const amounts = stacks.flatMap(({ monthly }) => monthly ?? []);
  const [first] = amounts;
  if (!first) return '–';
  return signed({ ...first, amountMinor: amounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0) });
}

/** Minor units as a decimal with its sign: +12.50 USD. */
function signed({ amountMinor, currency }: Money): string {
  if (amountMinor === 0) return '±0';
  return `${amountMinor > 0 ? '+' : '−'}${(Math.abs(amountMinor) / 100).toFixed(2)} ${currency}`;
}

function alarms({ problems, stacks }: FleetReport): string[] {
  const blocked = stacks.flatMap((stack) => blockedSteps(stack).map((step) => blockedLine(stack, step)));
  const broken = stacks.flatMap((stack) =>
    stack.violations.map(
      ({ rule, urn, message }) => `- \`${rule}\` ${who(stack)} \`${code(urnEnd(urn))}\`: ${plain(message)}`,
    ),
  );
  const failed = stacks.filter(({ result }) => result === 'failed');
  return [
    ...section(
      'Templates',
      problems.map(({ message, file, line }) => `- ${file ? `\`${file}:${line}\` ` : ''}${plain(message)}`),
    ),
    ...section(`Blocked: state would be lost\n\n${HOW_TO_ASK}`, blocked),
    ...section('Rules broken', broken),
    ...section(
      'Failed',
      failed.map((stack) => `- ${who(stack)} \`${stack.stack}\`: ${plain(stack.reason ?? '')}`),
    ),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  const [first, ...rest] = lines;
  return first === undefined ? [] : [`\n### ${title}\n\n${first}`, ...rest];
}

function blockedLine(stack: StackReport, { operation, name, blocked, properties }: JudgedStep): string {
  const because = properties.filter(({ replaces }) => replaces).map(({ path }) => `\`${code(path)}\``);
  return `- ${who(stack)} **${operation}** \`${code(name)}\`${because.length > 0 ? ` because of ${because.join(', ')}` : ''}: ${blocked}`;
}

function changes({ stacks }: FleetReport): string[] {
  const changing = stacks.filter(({ result }) => result === 'changes');
  const blocks = changing.map((stack) =>
    [
      `<details><summary>${summarised(stack)}: ${outcome(stack)}${stack.monthly ? `, ${signed(stack.monthly)} a month` : ''}</summary>`,
      '',
      `\`${stack.stack}\``,
      '',
      ...stack.notes.map((note) => `> ${plain(note)}\n`),
      ...stack.steps.map(stepLines),
      '',
      '</details>',
    ].join('\n'),
  );
  return section('Changes by stack', blocks);
}

function stepLines({ operation, name, type, properties, blocked, approvedBy }: JudgedStep): string {
  const mark = blocked ? ' **BLOCKED**' : approvedBy ? ` (approved by \`${code(approvedBy)}\`)` : '';
  const lines = properties.map(({ path, before = '–', after = '–', replaces }) => {
    return `  - \`${code(path)}\`: \`${code(before)}\` → \`${code(after)}\`${replaces ? ' (forces the replacement)' : ''}`;
  });
  return [`- ${operation} \`${code(name)}\` (${type})${mark}`, ...lines].join('\n');
}

/** Whose stack it is, for a reader who knows tenants and not stacks. */
function who({ tenants, stack, program }: StackReport): string {
  if (tenants.length === 1) return `**${tenants[0]?.slug}**`;
  return tenants.length === 0 ? `\`${stack}\`` : `${program} of ${tenants.length} tenants`;
}

/** The same as HTML, for where Markdown is not read. */
function summarised(stack: StackReport): string {
  return who(stack)
    .replace(/^\*\*(.*)\*\*$/, '<b>$1</b>')
    .replace(/^`(.*)`$/, '<code>$1</code>');
}

function urnEnd(urn: string): string {
  return urn.split('::').slice(-2).join(' ');
}

/** Text inside backticks: neither they nor a line break may end it. */
function code(text: string): string {
  return text.replaceAll('`', 'ˋ').replaceAll(/[\r\n]+/g, ' ');
}

/** Text that must not become markup: a message may hold what a pull request's author wrote. */
function plain(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[<>[\]*_`|]/g, (mark) => `\\${mark}`);
}
