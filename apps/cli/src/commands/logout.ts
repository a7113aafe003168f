import { Command } from 'commander';
import type { CommandMaker } from '../command.js';
import { ContextStore, findContext } from '../contexts/context-store.js';
import { revoke } from '../contexts/signed-in.js';
import type { CommonOptions, Session } from '../session.js';
import { usageError } from '../usage-error.js';

export function logout(maker: CommandMaker): Command {
  return new Command('logout')
    .description('Forget the credential of the context; what a browser signed in is ended at the identity provider.')
    .option('--all', 'of every context')
    .action(maker.does<{ all?: boolean }>(signOut));
}

async function signOut(session: Session, { all, context }: CommonOptions & { all?: boolean }): Promise<void> {
  const store = new ContextStore(session.terminal);
  // First what is certain: the credential is gone from this machine, whatever the identity provider answers.
  const left = await store.exclusively(() => {
    const contexts = store.read();
    const chosen = context ?? contexts.current ?? undefined;
    if (!all && chosen === undefined)
      throw usageError('no_context', 'There is no current context.', 'Name one with --context.');
    const names = all ? [...contexts.named.keys()] : [chosen as string];
    const found = names.map((name) => ({ name, ...findContext(contexts, name) }));
    for (const { name, url } of found) contexts.named.set(name, { url });
    store.write(contexts);
    return found;
  });
  for (const { name, credential } of left) {
    const revoked = await revoke(credential);
    session.note(`Signed out of context ${name}.`);
    if (!revoked) session.note('The identity provider could not end its tokens; they end by themselves.');
  }
}
