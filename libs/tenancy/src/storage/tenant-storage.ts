import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { BulkheadError } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantClients } from '../layers/tenant-clients.js';
import type { TenantLayer, TenantLayers } from '../layers/tenant-layers.js';
import { awsErrorName, httpStatusOf, type SessionCredentials, type TenantSessions } from '../layers/tenant-sessions.js';
import { checkedKey, checkedPrefix } from './object-key.js';
import { storageStatements } from './storage-session.js';

export interface TenantStorageOptions {
  readonly layers: TenantLayers;
  readonly sessions: TenantSessions;
}

export interface PutOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly contentType: string | undefined;
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** To be read to its end or destroyed: it holds a connection. It fails when nothing moves for 30 seconds. */
  readonly body: Readable;
  /** Reads the body to its end. */
  bytes(): Promise<Buffer>;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: Date;
}

export interface ListOptions {
  readonly prefix?: string;
  /** 1 to 1,000. Defaults to 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface UrlOptions {
  /** `PUT` lets the holder write the object once and again until the URL expires. Defaults to `GET`. */
  readonly method?: 'GET' | 'PUT';
  /** 1 to 600, and never longer than what the session has left. Defaults to 60. */
  readonly seconds?: number;
  /** What the browser is told that a `GET` is. */
  readonly contentType?: string;
}

interface Place {
  readonly layer: TenantLayer<'storage'>;
  readonly client: S3Client;
}

const MAX_URL_SECONDS = 600;

/**
 * Every tenant's objects: below its prefix in its cell's bucket, or in its own bucket. Callers name objects without the
 * prefix. Requests are signed with credentials that reach this tenant's objects only, so a mistake in this library, too,
 * is refused by the store.
 */
export class TenantStorage {
  readonly #options: TenantStorageOptions;
  readonly #clients: TenantClients<S3Client>;

  constructor(options: TenantStorageOptions) {
    this.#options = options;
    this.#clients = new TenantClients(
      options.sessions,
      (config) => new S3Client({ ...config, forcePathStyle: config.endpoint !== undefined }),
    );
  }

  /**
   * Stores an object, encrypted with the tenant's KMS key or its cell's. It has 30 seconds to go out: send what is larger
   * to a {@link url}.
   * @throws BulkheadError `object_key_invalid` (400); `tenant_storage_refused` (403); `tenant_storage_unavailable` (503);
   * or like {@link TenantLayers.find} and {@link TenantSessions.credentials}.
   */
  async put(
    context: TenantContext,
    key: string,
    body: Uint8Array | string,
    { contentType, metadata }: PutOptions = {},
  ): Promise<{ readonly etag: string }> {
    const name = checkedKey(key);
    const { ETag = '' } = await this.#use(context, ({ client, layer }) =>
      client.send(
        new PutObjectCommand({
          ...where(layer, name),
          ...encryption(layer),
          Body: body,
          ContentType: contentType,
          Metadata: { ...metadata },
        }),
      ),
    );
    return { etag: ETag };
  }

  /** @throws BulkheadError `object_not_found` (404); or like {@link put}. */
  async get(context: TenantContext, key: string): Promise<StoredObject> {
    const name = checkedKey(key);
    const found = await this.#use(context, async ({ client, layer }) => {
      try {
        return await client.send(new GetObjectCommand(where(layer, name)));
      } catch (error) {
        if (httpStatusOf(error) === 403 && !(await isThere(client, layer, name))) throw notFound();
        throw error;
      }
    });
    const body = found.Body as Readable;
    return {
      contentType: found.ContentType,
      size: found.ContentLength ?? 0,
      etag: found.ETag ?? '',
      metadata: found.Metadata ?? {},
      body,
      bytes: () => buffer(body),
    };
  }

  /** Deletes an object; does nothing when there is none. Earlier versions stay as long as the retention says. */
  async delete(context: TenantContext, key: string): Promise<void> {
    const name = checkedKey(key);
    await this.#use(context, ({ client, layer }) => client.send(new DeleteObjectCommand(where(layer, name))));
  }

  /** Names of objects in the order of their bytes, a page at a time. */
  async list(
    context: TenantContext,
    { prefix = '', limit = 100, after }: ListOptions = {},
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly next: string | undefined }> {
    const below = checkedPrefix(prefix);
    const start = after === undefined ? undefined : checkedKey(after);
    return this.#use(context, async ({ client, layer }) => {
      const own = layer.place.prefix ?? '';
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: layer.place.bucket,
          Prefix: `${own}${below}`,
          MaxKeys: limit,
          ...(start !== undefined && { StartAfter: `${own}${start}` }),
        }),
      );
      const objects = (page.Contents ?? []).map(({ Key = '', Size = 0, ETag = '', LastModified = new Date(0) }) => ({
        key: withoutPrefix(Key, own),
        size: Size,
        etag: ETag,
        modifiedAt: LastModified,
      }));
      return { objects, next: page.IsTruncated === true ? objects.at(-1)?.key : undefined };
    });
  }

  /** A URL by which whoever has it reads or writes one object until it expires: treat it as a password. */
  async url(
    context: TenantContext,
    key: string,
    { method = 'GET', seconds = 60, contentType }: UrlOptions = {},
  ): Promise<string> {
    const name = checkedKey(key);
    const expiresIn = Math.min(Math.max(Math.trunc(seconds), 1), MAX_URL_SECONDS);
    // It dies with the session that signed it.
    const { client, layer } = await this.#place(context, expiresIn);
    const command =
      method === 'GET'
        ? new GetObjectCommand({ ...where(layer, name), ResponseContentType: contentType })
        : new PutObjectCommand({ ...where(layer, name), ...encryption(layer) });
    // Signed headers: without them the holder could choose another key, or none, for what is written.
    const unhoistableHeaders = new Set(Object.keys(ENCRYPTION_HEADERS));
    return getSignedUrl(client, command, { expiresIn, ...(method === 'PUT' && { unhoistableHeaders }) });
  }

  /**
   * The headers that a `PUT` to a URL of {@link url} must carry.
   */
  async uploadHeaders(context: TenantContext): Promise<Readonly<Record<string, string>>> {
    const { place } = await this.#options.layers.find(context, 'storage');
    return { ...ENCRYPTION_HEADERS, 'x-amz-server-side-encryption-aws-kms-key-id': place.keyArn };
  }

  /** The credentials that requests for this tenant are signed with: for tools that speak to the store themselves. */
  async credentials(context: TenantContext): Promise<SessionCredentials> {
    const layer = await this.#options.layers.find(context, 'storage');
    return this.#options.sessions.credentials(layer, storageStatements(layer));
  }

  close(): void {
    this.#clients.close();
  }

  async #place(context: TenantContext, leastSeconds = 0): Promise<Place> {
    const { layers, sessions } = this.#options;
    const layer = await layers.find(context, 'storage');
    const credentials = await sessions.credentials(layer, storageStatements(layer), { leastSeconds });
    return { layer, client: this.#clients.clientFor(layer, credentials) };
  }

  async #use<T>(context: TenantContext, work: (place: Place) => Promise<T>): Promise<T> {
    const place = await this.#place(context);
    try {
      return await work(place);
    } catch (error) {
      if (error instanceof BulkheadError) throw error;
      if (awsErrorName(error) === 'NoSuchKey') throw notFound();
      if (httpStatusOf(error) === 403) this.#options.sessions.forget(place.layer);
      throw unusable(error);
    }
  }
}

/**
 * S3 answers 403 for an object that does not exist to whoever may not list the whole bucket ("GetObject", Permissions);
 * below its own prefix a session may list, and so find out.
 */
async function isThere(client: S3Client, layer: TenantLayer<'storage'>, name: string): Promise<boolean> {
  const { Bucket, Key } = where(layer, name);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 }));
  return Contents[0]?.Key === Key;
}

const ENCRYPTION_HEADERS = {
  'x-amz-server-side-encryption': 'aws:kms',
  'x-amz-server-side-encryption-aws-kms-key-id': '',
};

function where({ place }: TenantLayer<'storage'>, key: string): { Bucket: string; Key: string } {
  return { Bucket: place.bucket, Key: `${place.prefix ?? ''}${key}` };
}

function encryption({ place }: TenantLayer<'storage'>) {
  return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: place.keyArn } as const;
}

/** The session policy lets nothing else be listed; a store that does not keep to it is not believed. */
function withoutPrefix(key: string, own: string): string {
  if (key.startsWith(own)) return key.slice(own.length);
  throw new BulkheadError({
    code: 'tenant_storage_crossed',
    status: 500,
    publicMessage: 'The object store answered with objects of somebody else.',
    remediation: 'Stop the service and check the session policies of the object store.',
  });
}

function notFound(): BulkheadError {
  return new BulkheadError({
    code: 'object_not_found',
    status: 404,
    publicMessage: 'There is no such object.',
    remediation: 'Check its name; it may have been deleted.',
  });
}

function unusable(cause: unknown): BulkheadError {
  const refused = httpStatusOf(cause) === 403;
  return new BulkheadError({
    code: refused ? 'tenant_storage_refused' : 'tenant_storage_unavailable',
    status: refused ? 403 : 503,
    publicMessage: refused ? 'The object store refused the request.' : 'The object store cannot be used at the moment.',
    remediation: refused
      ? 'Check that the tenant is still placed there and that its key is enabled; then send the request again.'
      : 'Send the request again in a moment.',
    retryable: !refused,
    cause,
  });
}
