import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { BulkheadError } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import type { TenantDatabases } from '../database/tenant-databases.js';
import { TenantClients } from '../layers/tenant-clients.js';
import type { TenantLayer } from '../layers/tenant-layers.js';
import {
  awsErrorName,
  httpStatusOf,
  type SessionCredentials,
  type SessionStatement,
  type TenantSessions,
} from '../layers/tenant-sessions.js';
import type { DataKeyName } from './sealed-message.js';

/** A data key as the tenant's home keeps it. */
export interface WrappedKey extends DataKeyName {
  readonly wrapped: Buffer;
  /** KMS key that opens it. */
  readonly keyArn: string;
}

interface Row {
  binding_id: string;
  version: number;
  wrapped: Buffer;
  key_arn: string;
}

/** The wrapped data keys of tenants: read from their homes by signed context, opened by KMS in the tenant's session. */
export class WrappedKeys {
  readonly #databases: TenantDatabases;
  readonly #sessions: TenantSessions;
  readonly #clients: TenantClients<KMSClient>;

  constructor(databases: TenantDatabases, sessions: TenantSessions) {
    this.#databases = databases;
    this.#sessions = sessions;
    this.#clients = new TenantClients(sessions, (config) => new KMSClient(config));
  }

  async list(context: TenantContext): Promise<readonly WrappedKey[]> {
    const { rows } = await this.#databases.query<Row>(context, {
      name: 'bulkhead_data_keys',
      text: 'SELECT binding_id, version, wrapped, key_arn FROM tenancy.data_keys()',
    });
    return rows.map(({ binding_id, version, wrapped, key_arn }) => {
      return { bindingId: binding_id, version, wrapped, keyArn: key_arn };
    });
  }

  /** Whether this process may encrypt so many messages more with the key: all processes together stay below 2^32. */
  async take(context: TenantContext, { bindingId, version }: DataKeyName, messages: number): Promise<boolean> {
    const { rows } = await this.#databases.withTenant(context, (tx) =>
      tx.query<{ taken: boolean }>('SELECT tenancy.take_messages($1, $2, $3) AS taken', [bindingId, version, messages]),
    );
    return rows[0]?.taken === true;
  }

  /** @throws BulkheadError `tenant_key_unavailable` (403 when KMS refuses, else 503). */
  async open(layer: TenantLayer<'key'>, { bindingId, wrapped, keyArn }: WrappedKey): Promise<Buffer> {
    const client = await this.#client(layer, bindingId, keyArn);
    const request = new DecryptCommand({
      KeyId: keyArn,
      CiphertextBlob: wrapped,
      EncryptionContext: encryptionContext(bindingId),
    });
    const { Plaintext } = await this.#ask(layer, () => client.send(request));
    return asKey(Plaintext);
  }

  /** Makes the next version. False when another process has just made it. */
  async add(context: TenantContext, layer: TenantLayer<'key'>, version: number): Promise<boolean> {
    const { bindingId, place } = layer;
    const client = await this.#client(layer, bindingId, place.keyArn);
    const request = new GenerateDataKeyCommand({
      KeyId: place.keyArn,
      KeySpec: 'AES_256',
      EncryptionContext: encryptionContext(bindingId),
    });
    const { Plaintext, CiphertextBlob } = await this.#ask(layer, () => client.send(request));
    Plaintext?.fill(0);
    const wrapped = Buffer.from(CiphertextBlob ?? []);
    const { rows } = await this.#databases.withTenant(context, (tx) =>
      tx.query<{ added: boolean }>('SELECT tenancy.add_data_key($1, $2, $3, $4) AS added', [
        bindingId,
        version,
        wrapped,
        place.keyArn,
      ]),
    );
    return rows[0]?.added === true;
  }

  credentials(layer: TenantLayer<'key'>): Promise<SessionCredentials> {
    return this.#sessions.credentials(layer, keyStatements(layer.bindingId, layer.place.keyArn));
  }

  close(): void {
    this.#clients.close();
  }

  async #client(layer: TenantLayer<'key'>, bindingId: string, keyArn: string): Promise<KMSClient> {
    const credentials = await this.#sessions.credentials(layer, keyStatements(bindingId, keyArn));
    return this.#clients.clientFor(layer, credentials);
  }

  async #ask<T>(layer: TenantLayer<'key'>, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      if (isRefusal(cause)) this.#sessions.forget(layer);
      throw unavailable(cause);
    }
  }
}

/** Names the binding as what it is: the wrapped key of one tenant cannot be opened in the name of another. */
function encryptionContext(bindingId: string): Record<string, string> {
  return { 'bulkhead:binding': bindingId };
}

/**
 * The session policy of a tenant's key. `IfExists`, because an encryption context that is left out is refused by KMS
 * itself: every data key was wrapped with one.
 */
function keyStatements(bindingId: string, keyArn: string): SessionStatement[] {
  const Condition = { StringEqualsIfExists: { 'kms:EncryptionContext:bulkhead:binding': bindingId } };
  return [{ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: [keyArn], Condition }];
}

function asKey(plaintext: Uint8Array | undefined): Buffer {
  if (plaintext?.length !== 32) throw unavailable(undefined);
  const key = Buffer.alloc(32);
  key.set(plaintext);
  plaintext.fill(0);
  return key;
}

function isRefusal(cause: unknown): boolean {
  return httpStatusOf(cause) === 403 || awsErrorName(cause).startsWith('AccessDenied');
}

function unavailable(cause: unknown): BulkheadError {
  const refused = isRefusal(cause);
  return new BulkheadError({
    code: 'tenant_key_unavailable',
    status: refused ? 403 : 503,
    publicMessage: "The tenant's key cannot be used.",
    remediation:
      'Check that the KMS key is enabled and that nobody has withdrawn access to it; nothing was stored or read.',
    retryable: !refused,
    cause,
  });
}
