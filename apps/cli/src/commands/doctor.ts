import { BulkheadApiError, paginate, type BulkheadClient } from '@bulkhead/client';
import { BulkheadError } from '@bulkhead/kernel';
import { Command } from 'commander';
import { createHash } from 'node:crypto';
import type { CommandMaker } from '../command.js';
import type { Credential } from '../contexts/context-store.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, type Shape } from '../output/print.js';
import type { Connection, Session } from '../session.js';
import { claimsOf } from '../contexts/token-claims.js';

interface Finding {
  readonly check: 'configuration' | 'reachable' | 'ready' | 'credential' | 'roles';
  readonly ok: boolean;
  readonly detail: string;
  readonly remediation: string;
}

const FINDING: Shape<Finding> = {
  name: ({ check, ok }) => `${check} ${ok ? 'ok' : 'failed'}`,
  columns: {
    CHECK: ({ check }) => check,
    RESULT: ({ ok }) => (ok ? 'ok' : 'FAILED'),
    DETAIL: ({ detail }) => detail,
    'WHAT TO DO': ({ remediation }) => remediation,
  },
};

export function doctor(maker: CommandMaker): Command {
  return new Command('doctor')
    .description('Check that the API can be reached, is ready, and accepts the credential.')
    .action(maker.does(examine));
}

async function examine(session: Session): Promise<ExitCode> {
  const findings: Finding[] = [];
  for await (const finding of findingsOf(session)) findings.push(finding);
  printList(session, findings, FINDING);
  return findings.every(({ ok }) => ok) ? EXIT.ok : EXIT.error;
}

/** One after the other; what makes the later ones meaningless ends them. */
async function* findingsOf(session: Session): AsyncGenerator<Finding, void> {
  let connection: Connection;
  let client: BulkheadClient;
  try {
    connection = session.connection();
    client = session.connect(connection, { retries: { attempts: 2 } });
  } catch (error) {
    yield failed('configuration', error);
    return;
  }
  yield fine('configuration', `${client.baseUrl}, from the ${connection.source}`);
  try {
    await client.getHealth();
    yield fine('reachable', 'the API answers');
  } catch (error) {
    yield failed('reachable', error);
    return;
  }
  yield await readiness(client);
  yield* await credentialFindings(client, connection.credential);
}

async function readiness(client: BulkheadClient): Promise<Finding> {
  try {
    const { ready, checks } = await client.getReadiness();
    const detail = Object.entries(checks)
      .map(([name, state]) => `${name} ${state}`)
      .join(', ');
    if (ready) return fine('ready', detail);
    return { check: 'ready', ok: false, detail, remediation: 'See the logs of the API and of what is down.' };
  } catch (error) {
    return failed('ready', error);
  }
}

async function credentialFindings(client: BulkheadClient, credential: Credential | undefined): Promise<Finding[]> {
  if (!credential) {
    const remediation = 'Set BULKHEAD_TOKEN or BULKHEAD_API_KEY, or sign in: bulkhead login --help';
    return [{ check: 'credential', ok: false, detail: 'there is none', remediation }];
  }
  try {
    await client.listTiers();
  } catch (error) {
    if (!(error instanceof BulkheadApiError && error.status === 403)) return [failed('credential', error)];
    return [fine('credential', `${nameOf(credential)} is accepted`), failed('roles', error)];
  }
  return [
    fine('credential', `${nameOf(credential)} is accepted${expiryOf(credential)}`),
    fine('roles', await rolesOf(client, credential)),
  ];
}

/** The token itself, where it is known: it says who and what it is for. */
function tokenOf(credential: Credential): string | undefined {
  if (credential.kind === 'signed-in') return credential.accessToken;
  return credential.kind === 'token' ? credential.token : undefined;
}

function nameOf({ kind }: Credential): string {
  return kind === 'signed-in' ? 'the sign-in by browser' : kind;
}

function expiryOf(credential: Credential): string {
  if (credential.kind === 'signed-in') return ', and renewed by itself';
  const { exp } = claimsOf(tokenOf(credential) ?? '');
  return exp === undefined ? '' : ` until ${new Date(exp * 1000).toISOString().replace('.000Z', 'Z')}`;
}

async function rolesOf(client: BulkheadClient, credential: Credential): Promise<string> {
  const unknown = 'at least one that may read';
  const token = tokenOf(credential);
  if (token !== undefined) return claimsOf(token).roles?.join(', ') ?? unknown;
  if (credential.kind !== 'api-key') return unknown;
  // The API shows keys by the beginning of their digest; only some roles see keys that others have made.
  const digest = createHash('sha256').update(credential.key).digest('hex');
  for await (const { fingerprint, roles } of paginate((page) => client.listApiKeys({ query: { ...page } }))) {
    if (fingerprint !== '' && digest.startsWith(fingerprint)) return roles.join(', ');
  }
  return unknown;
}

function fine(check: Finding['check'], detail: string): Finding {
  return { check, ok: true, detail, remediation: '' };
}

function failed(check: Finding['check'], error: unknown): Finding {
  if (!(error instanceof BulkheadError)) throw error;
  return { check, ok: false, detail: error.publicMessage, remediation: error.remediation };
}
