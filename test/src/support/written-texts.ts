import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestStack } from './test-stack.js';

/** Texts by where they were written. */
export type WrittenTexts = Readonly<Record<Source, readonly string[]>>;
export type Source = 'logs' | 'errors' | 'temporal' | 'pulumi' | 'audit' | 'operations';

function logsOf({ engines: { folder } }: TestStack): string[] {
  const files = readdirSync(folder.path('logs'), { recursive: true, encoding: 'utf8' });
  const paths = files.map((name) => join(folder.path('logs'), name));
  return paths.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'utf8'));
}

/** The text with every payload of it in the clear besides: the CLI prints some as base64. */
function withPayloads(text: string): string {
  const payloads = [...text.matchAll(/"(?:data|metadata|encoding)":\s*"([A-Za-z0-9+/=]+)"/g)];
  return [text, ...payloads.map(([, data = '']) => Buffer.from(data, 'base64').toString())].join('\n');
}

function historiesOf({ engines: { tools, temporal, folder } }: TestStack): string[] {
  const ask = (...args: string[]) =>
    execFileSync(tools.temporal, [...args, '--address', temporal.address, '-o', 'json'], {
      encoding: 'utf8',
      env: { HOME: folder.path('temporal') },
      maxBuffer: 256 * 1024 * 1024,
    });
  const listed = JSON.parse(ask('workflow', 'list', '--limit', '1000')) as {
    execution: { workflowId: string; runId: string };
  }[];
  return listed.map(({ execution: { workflowId, runId } }) =>
    withPayloads(ask('workflow', 'show', '--workflow-id', workflowId, '--run-id', runId)),
  );
}

async function stateOf(stack: TestStack): Promise<string[]> {
  const rows = await stack.state<{ key: string; data: string }>(
    `select key, data->>'data' as data from bulkhead_state.pulumi_state`,
  );
  return rows.map(({ key, data }) => `${key}\n${Buffer.from(data, 'base64').toString()}`);
}

const OPERATION_ROWS = ['operations', 'operation_steps', 'outbox', 'bindings', 'cells', 'landing_zones'];

async function rowsOf(stack: TestStack): Promise<string[]> {
  const texts = OPERATION_ROWS.map(
    async (table) =>
      await stack.control<{ text: string }>(`select row_to_json(t)::text as text from control.${table} t`),
  );
  return (await Promise.all(texts)).flatMap((rows) => rows.map(({ text }) => text));
}

/** Everything that the stack has written so far where a secret must not be. */
export async function writtenTexts(stack: TestStack): Promise<WrittenTexts> {
  const { body } = await stack.api.call<string>('GET', '/v1/audit/export', { user: 'auditor' });
  return {
    logs: logsOf(stack),
    errors: stack.api.errors,
    temporal: historiesOf(stack),
    pulumi: await stateOf(stack),
    audit: body.split('\n'),
    operations: await rowsOf(stack),
  };
}

/** How a text looks like in the clear and in the codings that are as good as that. */
function forms(text: string): string[] {
  const bytes = Buffer.from(text);
  // Base64 of the same bytes differs with the place where they stand in a longer text; the ends depend on neighbours.
  const shifted = [0, 1, 2].map((shift) => {
    const coded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return coded.slice(shift === 0 ? 0 : 4, -2);
  });
  const escaped = JSON.stringify(text).slice(1, -1);
  return [...new Set([text, escaped, encodeURIComponent(text), bytes.toString('hex'), ...shifted])];
}

/** Places that hold the text in one of its forms. */
export function placesOf(text: string, texts: WrittenTexts): Source[] {
  const sought = forms(text);
  return (Object.keys(texts) as Source[]).filter((source) =>
    texts[source].some((written) => sought.some((form) => written.includes(form))),
  );
}
