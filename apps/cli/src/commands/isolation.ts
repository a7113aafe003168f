import type { BulkheadClient, IsolationFindingView, IsolationProofDetail, IsolationProofView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, printOne, time, type Shape } from '../output/print.js';
import { assertSucceeded, followOperation } from '../progress/follow-operation.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { onceOnly, withWaiting, type WaitOptions } from './wait.js';

const PROOF: Shape<IsolationProofView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    STATE: ({ state }) => state,
    OPERATION: ({ operationId }) => operationId,
    'REQUESTED BY': ({ requestedBy }) => requestedBy,
    CREATED: ({ createdAt }) => time(createdAt),
    FINISHED: ({ finishedAt }) => time(finishedAt),
    DIGEST: ({ digest }) => digest,
  },
};

const FINDING: Shape<IsolationFindingView> = {
  name: ({ rule, target, object }) => `${rule} ${target} ${object}`,
  columns: {
    SEVERITY: ({ severity }) => severity,
    RULE: ({ rule }) => rule,
    TARGET: ({ target }) => target,
    OBJECT: ({ object }) => object,
    SHOWN: ({ shown }) => shown,
    CAUSE: ({ cause }) => cause,
    REMEDY: ({ remedy }) => remedy,
  },
};

/** Kinds of targets, as people call them. */
const PARTS = {
  database: 'databases',
  holdings: 'cells and stacks',
  routes: 'documents of routes',
  service: 'services',
} as const;

export function isolation(maker: CommandMaker): Command {
  const noun = maker.noun('isolation', 'Proofs that tenants are kept apart.');
  withWaiting(noun.command('prove'))
    .description(
      'Try to cross from one tenant to another wherever they meet. Exit code 2: leaks; 3: it saw too little.',
    )
    .action(maker.does<WaitOptions>(prove));
  withPaging(noun.command('list')).description('List proofs, newest first.').action(maker.does<ListOptions>(list));
  noun
    .command('get')
    .description('Show a proof’s report; the exit code is that of `prove`.')
    .argument('<proof>', 'id', reference)
    .action(maker.does(async (session, _options, id = '') => await show(session, session.client(), id)));
  return noun;
}

async function prove(session: Session, options: WaitOptions): Promise<ExitCode> {
  if (session.options.output === 'sarif' && !options.wait)
    throw usageError('sarif_needs_report', 'There is no report yet that SARIF could show.', 'Add --wait.');
  const client = session.client();
  const { proof, operation } = await client.proveIsolation({ ...onceOnly(options), body: {} });
  if (!options.wait) {
    printOne(session, proof, PROOF, { proof, operation });
    session.note(`Started operation ${operation.id}. Afterwards: bulkhead isolation get ${proof.id}`);
    return EXIT.ok;
  }
  assertSucceeded(await followOperation(session, client, operation.id, options.timeout));
  return await show(session, client, proof.id);
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const client = session.client();
  await printPages(session, options, PROOF, (page) => client.listIsolationProofs({ query: page }));
}

async function show(session: Session, client: BulkheadClient, id: string): Promise<ExitCode> {
  const proof = await client.getIsolationProof({ path: { id } });
  if (session.options.output === 'sarif') {
    const sarif = await client.getIsolationProofSarif({ path: { id } });
    session.terminal.stdout.write(`${JSON.stringify(sarif, null, 2)}\n`);
  } else print(session, proof);
  return exitCodeFor(proof);
}

/** For people: the findings, and what the proof looked at. Otherwise the proof as the API gave it. */
function print(session: Session, proof: IsolationProofDetail): void {
  const { report } = proof;
  if (session.options.output !== 'table' || !report) {
    printOne(session, proof, PROOF);
    return;
  }
  const findings = report.targets.flatMap((target) => target.findings);
  if (findings.length > 0) printList(session, findings, FINDING);
  for (const { target, kind, checks, voids } of report.targets) {
    session.note(`${target} (${kind}): ${checks.map(({ name, looked }) => `${looked} ${name}`).join(', ')}`);
    for (const reason of voids) session.note(`${target}: ${reason}`);
  }
  const made = report.targets.flatMap(({ checks }) => checks.filter(({ name }) => name === 'attempts'));
  const attempts = made.reduce((sum, { looked }) => sum + looked, 0);
  const parts = Object.entries(PARTS).flatMap(([kind, name]) => {
    const { length } = report.targets.filter((target) => target.kind === kind);
    return length > 0 ? [`${length} ${name}`] : [];
  });
  session.note(`${proof.id}: ${proof.state}; ${parts.join(', ')}, ${attempts} attempts, digest ${proof.digest}`);
}

function exitCodeFor({ state }: IsolationProofView): ExitCode {
  if (state === 'findings') return EXIT.leaks;
  if (state === 'void') return EXIT.proofVoid;
  return state === 'green' ? EXIT.ok : EXIT.error;
}
