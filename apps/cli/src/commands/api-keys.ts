import type { ApiKeyCreated, ApiKeyView, CreateApiKeyBody } from '@bulkhead/client';
import type { Command } from 'commander';
import { collected, reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne, time, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { printPages, withPaging, type ListOptions } from './list.js';

const API_KEY: Shape<ApiKeyView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    NAME: ({ name }) => name,
    ROLES: ({ roles }) => roles.join(','),
    FINGERPRINT: ({ fingerprint }) => fingerprint,
    'CREATED BY': ({ createdBy }) => createdBy,
    EXPIRES: ({ expiresAt }) => time(expiresAt),
    REVOKED: ({ revokedAt }) => time(revokedAt),
  },
};

const CREATED: Shape<ApiKeyCreated> = {
  name: API_KEY.name,
  columns: { ...API_KEY.columns, KEY: ({ key }) => key },
};

interface CreateOptions {
  readonly name: string;
  readonly role: CreateApiKeyBody['roles'];
  readonly expiresInDays?: number;
}

export function apiKeys(maker: CommandMaker): Command {
  const noun = maker.noun('api-keys', 'Credentials for programs.');
  noun
    .command('create')
    .description('Make an API key with some of your roles. It is shown once.')
    .requiredOption('--name <name>', 'what the key is for')
    .requiredOption('--role <role>', 'one of your roles; may be given several times', collected)
    .option('--expires-in-days <number>', 'days until it ends', wholeNumber)
    .action(maker.does<CreateOptions>(create));
  withPaging(noun.command('list'))
    .description('List API keys, newest first: your own, or all for platform admins and auditors.')
    .action(
      maker.does<ListOptions>(async (session, options) => {
        const client = session.client();
        await printPages(session, options, API_KEY, (page) => client.listApiKeys({ query: { ...page } }));
      }),
    );
  noun
    .command('revoke')
    .description('End an API key at once.')
    .argument('<key>', 'id', reference)
    .action(
      maker.does(async (session, _options, id = '') => {
        if (!id.startsWith('key_'))
          throw usageError(
            'invalid_id',
            'An API key is revoked by its id, which starts with "key_".',
            'Find it: bulkhead api-keys list',
          );
        await session.client().revokeApiKey({ path: { id } });
        session.note(`Revoked ${id}.`);
      }),
    );
  return noun;
}

async function create(session: Session, { name, role, expiresInDays }: CreateOptions): Promise<void> {
  const body = { name, roles: role, ...(expiresInDays !== undefined && { expiresInDays }) };
  const created = await session.client().createApiKey({ body });
  printOne(session, created, CREATED);
  session.note(created.note);
}
