import type { Command } from 'commander';
import type { CommandMaker } from '../command.js';
import { ContextStore, findContext, type Credential } from '../contexts/context-store.js';
import { printList, type Shape } from '../output/print.js';

/** Never the credential itself. */
interface ShownContext {
  readonly name: string;
  readonly url: string;
  readonly credential: Credential['kind'];
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
  noun
    .command('list')
    .description('List contexts.')
    .action(
      maker.does(async (session) => {
        const { current, named } = new ContextStore(session.terminal).read();
        const shown = [...named].map(([name, { url, credential }]) => ({
          ...{ name, url, credential: credential.kind },
          current: name === current,
        }));
        printList(session, shown, CONTEXT);
      }),
    );
  noun
    .command('use')
    .description('Make a context the current one.')
    .argument('<name>')
    .action(
      maker.does(async (session, _options, name = '') => {
        const store = new ContextStore(session.terminal);
        const known = store.read();
        findContext(known, name);
        store.write({ ...known, current: name });
      }),
    );
  noun
    .command('remove')
    .description('Forget a context and its credential.')
    .argument('<name>')
    .action(
      maker.does(async (session, _options, name = '') => {
        const store = new ContextStore(session.terminal);
        const known = store.read();
        findContext(known, name);
        known.named.delete(name);
        store.write({ ...known, current: known.current === name ? null : known.current });
      }),
    );
  return noun;
}
