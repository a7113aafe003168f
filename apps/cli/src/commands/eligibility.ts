import type { EligibilityView, LayerEligibilityView, RecommendationView } from '@bulkhead/client';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { collected, reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { findTenant } from './find-tenant.js';

interface Ruling {
  readonly layer: string;
  readonly id: string;
  readonly met: boolean;
  readonly detail: string;
}

const RULING: Shape<Ruling> = {
  name: ({ id }) => id,
  columns: {
    LAYER: ({ layer }) => layer,
    RULE: ({ id }) => id,
    MET: ({ met }) => (met ? 'yes' : 'no'),
    WHY: ({ detail }) => detail,
  },
};

const RECOMMENDATION: Shape<RecommendationView> = {
  name: ({ tier }) => tier ?? '',
  columns: {
    TIER: ({ tier }) => tier,
    'OWN LAYERS': ({ dedicatedLayers }) => dedicatedLayers.join(', '),
    BECAUSE: ({ reasons }) => reasons.map(({ text }) => text).join('; '),
    'NOT KNOWN': ({ unknown }) => unknown.join(', '),
  },
};

/** A list that the compiler compares with the API's. */
const LAYERS: Readonly<Record<LayerEligibilityView['layer'], true>> = {
  database: true,
  storage: true,
  key: true,
  queue: true,
};

interface CheckOptions {
  readonly plan?: string;
  readonly require?: readonly string[];
}

export function eligibility(maker: CommandMaker): Command {
  const noun = maker.noun('eligibility', 'Which layers of its own a customer may have.');
  noun
    .command('check')
    .description('Show what is met and what is missing, by how much.')
    .argument('<tenant>', 'id or slug', reference)
    .option('--plan <plan>', 'plan that it would have then; its present one by default')
    .addOption(
      new Option('--require <layer>', 'exit code 3 unless it may have this layer; repeat it')
        .choices(Object.keys(LAYERS))
        .argParser(layers),
    )
    .action(maker.does<CheckOptions>(check));
  noun
    .command('recommend')
    .description('Show which tier the customer should have, and why.')
    .argument('<tenant>', 'id or slug', reference)
    .action(
      maker.does(async (session, _options, tenant = '') => {
        const client = session.client();
        const { id } = await findTenant(client, tenant);
        printOne(session, await client.recommendTier({ path: { id } }), RECOMMENDATION);
      }),
    );
  return noun;
}

function layers(text: string, before: readonly string[] | undefined): readonly string[] {
  if (Object.hasOwn(LAYERS, text)) return collected(text, before);
  throw new InvalidArgumentError(`Allowed choices are ${Object.keys(LAYERS).join(', ')}.`);
}

async function check(session: Session, { plan, require = [] }: CheckOptions, tenant = ''): Promise<ExitCode> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  const answer = await client.getEligibility({ path: { id }, ...(plan && { query: { plan } }) });
  print(session, answer);
  const missing = require.filter(
    (wanted) => !answer.layers.some(({ layer, eligible }) => layer === wanted && eligible),
  );
  for (const layer of missing) session.note(`The customer may not have its own ${layer}.`);
  return missing.length > 0 ? EXIT.policyDenied : EXIT.ok;
}

function print(session: Session, answer: EligibilityView): void {
  const { output } = session.options;
  if (output === 'json' || output === 'yaml') {
    printOne(session, answer, { name: ({ policy }) => policy, columns: {} });
    return;
  }
  const rulings = answer.layers.flatMap(({ layer, rules }) => rules.map((rule) => ({ layer, ...rule })));
  printList(session, rulings, RULING);
}
