import { createHash, randomBytes } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';
import { ApiKeyEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, MoreThan } from 'typeorm';
import { principalName, type Principal, type Role } from '../../gate/index.js';
import { PageQuery, readPage, type Page } from '../../http/index.js';
import { viewApiKey, type ApiKeyView } from './api-key-view.js';
import { GRANTABLE_ROLES } from './create-api-key.js';

export const API_KEY_PREFIX = 'bhk_';

/** 256 random bits, so a plain SHA-256 of it cannot be turned around. */
export function makeApiKey(): { key: Redacted; digest: Buffer } {
  const key = `${API_KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
  return { key: new Redacted(key), digest: digestOf(key) };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

@Injectable()
export class ApiKeyReader {
  constructor(private readonly source: DataSource) {}

  /** Who this key stands for; undefined for one that is unknown, expired or revoked. */
  async principal(key: string): Promise<Principal | undefined> {
    const valid = { digest: digestOf(key), revokedAt: IsNull(), expiresAt: MoreThan(new Date()) };
    const row = await this.source.manager.findOneBy(ApiKeyEntity, valid);
    if (!row) return undefined;
    return { kind: 'api_key', id: row.id, roles: GRANTABLE_ROLES.filter((role: Role) => row.roles.includes(role)) };
  }

  /** Platform admins and auditors see every key, others their own. */
  list(query: PageQuery, principal: Principal): Promise<Page<ApiKeyView>> {
    const keys = this.source.manager.createQueryBuilder(ApiKeyEntity, 'key').where('true');
    const all = principal.roles.includes('platform-admin') || principal.roles.includes('auditor');
    if (!all) keys.andWhere('key.createdBy = :creator', { creator: principalName(principal) });
    return readPage(keys, query, viewApiKey);
  }
}
