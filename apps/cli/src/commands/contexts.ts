import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { ContextStore, findContext, type Context, type Contexts, type Credential } from '../contexts/context-store.js';
import { revoke } from '../contexts/signed-in.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';

/** Never the credential itself. */
interface ShownContext {
  readonly name: string;
  readonly url: string;
  readonly credential: Credential['kind'] | null;
  readonly current: boolean;
}

const CONTEXT: Shape<ShownContext> = {
  name: ({ name }) => name,
  columns: {
    CURRENT: ({ current }) => (current ? '*' : ''),
    NAME: ({ name }) => name,
    ADDRESS: ({ url }) => url,
    CREDENTIAL: ({ credential }) => credential,
  },
};

export function contexts(maker: CommandMaker): Command {
  const noun = maker.noun('contexts', 'Installations that you have signed in to.');
  noun.command('list').description('List contexts.').action(maker.does(list));
  noun
    .command('get')
    .description('Show a context; the current one by default.')
    .argument('[context]', 'as `contexts list` shows it', reference)
    .action(
      maker.does(async (session, { context }, name = context) => {
        const known = new ContextStore(session.terminal).read();
        const chosen = name ?? known.current ?? 'default';
        printOne(session, shown(known, chosen, findContext(known, chosen)), CONTEXT);
      }),
    );
  noun
    .command('use')
    .description('Make a context the current one.')
    .argument('<context>', 'as `contexts list` shows it', reference)
    .action(
      maker.does(async (session, _options, name = '') => {
        await changed(session, name, (known) => ({ ...known, current: name }));
        session.note(`Context ${name} is now the current one.`);
      }),
    );
  noun
    .command('remove')
    .description('Forget a context and its credential.')
    .argument('<context>', 'as `contexts list` shows it', reference)
    .action(maker.does(remove));
  return noun;
}

async function list(session: Session): Promise<void> {
  const known = new ContextStore(session.terminal).read();
  const all = [...known.named].map(([name, context]) => shown(known, name, context));
  printList(session, all, CONTEXT);
}

async function remove(session: Session, _options: unknown, name = ''): Promise<void> {
  const { credential } = await changed(session, name, (known) => {
    known.named.delete(name);
    return { ...known, current: known.current === name ? null : known.current };
  });
  session.note(`Removed context ${name}.`);
  if (!(await revoke(credential)))
    session.note('The identity provider could not end its tokens; they end by themselves.');
}

function shown({ current }: Contexts, name: string, { url, credential }: Context): ShownContext {
  return { name, url, credential: credential?.kind ?? null, current: name === current };
}

/** @returns the context as it was before. */
async function changed(session: Session, name: string, change: (known: Contexts) => Contexts): Promise<Context> {
  const store = new ContextStore(session.terminal);
  return await store.exclusively(() => {
    const known = store.read();
    const found = findContext(known, name);
    store.write(change(known));
    return found;
  });
}
