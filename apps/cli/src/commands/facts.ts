import type { FactBody, FactView } from '@bulkhead/client';
import { InvalidArgumentError, type Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { findTenant } from './find-tenant.js';
import { onceOnly, type WaitOptions } from './wait.js';

const FACT: Shape<FactView> = {
  name: ({ name }) => name,
  columns: {
    FACT: ({ name }) => name,
    VALUE: ({ value }) => String(value),
    'OBSERVED ON': ({ observedOn }) => observedOn,
    SOURCE: ({ source }) => source,
    'RECORDED BY': ({ recordedBy }) => recordedBy,
  },
};

interface RecordOptions extends WaitOptions {
  readonly source: string;
  readonly observedOn?: string;
}

/** `providers=47` */
type Given = Pick<FactBody, 'name' | 'value'>;

export function facts(maker: CommandMaker): Command {
  const noun = maker.noun('facts', 'What is known of a customer, with its source.');
  noun
    .command('list')
    .description('List the latest of each fact.')
    .argument('<tenant>', 'id or slug', reference)
    .action(
      maker.does(async (session, _options, tenant = '') => {
        const client = session.client();
        const { id } = await findTenant(client, tenant);
        printList(session, (await client.listFacts({ path: { id } })).data, FACT);
      }),
    );
  noun
    .command('record')
    .description('Record facts; a later one stands in front of an earlier one.')
    .argument('<tenant>', 'id or slug', reference)
    .argument('<fact...>', 'as name=value: providers=47 regulatorySensitivity=high', gathered)
    .requiredOption('--source <text>', 'who or what said it')
    .option('--observed-on <day>', 'when it was so; today by default')
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(maker.does<RecordOptions>(record));
  return noun;
}

async function record(session: Session, options: RecordOptions, tenant = '', ...rest: unknown[]): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  const observedOn = options.observedOn ?? new Date().toISOString().slice(0, 10);
  const given = (rest[0] as Given[]).map((fact) => ({ ...fact, source: options.source, observedOn }));
  const { data } = await client.recordFacts({ path: { id }, body: { facts: given }, ...onceOnly(options) });
  printList(session, data, FACT);
}

/** @throws InvalidArgumentError */
function gathered(text: string, before: readonly Given[] | undefined): readonly Given[] {
  const [, name, value] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write it as name=value.');
  return [...(before ?? []), { name: name as Given['name'], value: valueOf(value) }];
}

function valueOf(text: string): Given['value'] {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
