import type { SigningKeysRotated, TokenRevocationView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { findTenant } from './find-tenant.js';
import { onceOnly, type WaitOptions } from './wait.js';

const REVOCATION: Shape<TokenRevocationView> = {
  name: ({ tokenId, tenantId }) => tokenId ?? tenantId,
  columns: {
    TENANT: ({ tenantId }) => tenantId,
    TOKEN: ({ tokenId }) => tokenId,
    SUBJECT: ({ subject }) => subject,
    'ISSUED UP TO': ({ issuedUpTo }) =>
      issuedUpTo === null ? null : new Date(issuedUpTo * 1000).toISOString().replace('.000Z', 'Z'),
  },
};

const KEYS: Shape<SigningKeysRotated> = {
  name: ({ current }) => current,
  columns: { CURRENT: ({ current }) => current, NEXT: ({ next }) => next, PREVIOUS: ({ previous }) => previous },
};

interface RevokeOptions extends WaitOptions {
  readonly reason: string;
  readonly token?: string;
  readonly subject?: string;
}

/** Tokens of tenants are issued to services, which ask for them through the SDK: a person has no use for one. */
export function tokens(maker: CommandMaker): Command {
  const noun = maker.noun('tokens', 'Access tokens of tenants’ people and services.');
  noun
    .command('revoke')
    .description('End all tokens of a tenant, those of one subject, or one token.')
    .argument('<tenant>', 'id or slug', reference)
    .requiredOption('--reason <text>', 'kept in the audit log')
    .option('--token <id>', 'only this token')
    .option('--subject <name>', 'only those of this person or service')
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(maker.does<RevokeOptions>(revoke));
  noun
    .command('revocations')
    .description('List what services must refuse.')
    .action(
      maker.does(async (session) => {
        printList(session, (await session.client().listTokenRevocations()).data, REVOCATION);
      }),
    );
  noun
    .command('rotate-keys')
    .description('Let the next key sign tokens from now on.')
    .option('--withdraw-current', 'the current key has leaked: believe no token of it any more')
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(
      maker.does<WaitOptions & { withdrawCurrent?: boolean }>(async (session, { withdrawCurrent, ...options }) => {
        const body = { withdrawCurrent: withdrawCurrent === true };
        printOne(session, await session.client().rotateSigningKeys({ body, ...onceOnly(options) }), KEYS);
      }),
    );
  return noun;
}

async function revoke(session: Session, options: RevokeOptions, tenant = ''): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  const { reason, token, subject } = options;
  const body = { reason, ...(token && { tokenId: token }), ...(subject && { subject }) };
  await client.revokeTenantTokens({ path: { id }, body, ...onceOnly(options) });
  session.note(`Revoked. Services learn of it within a minute: bulkhead tokens revocations`);
}
