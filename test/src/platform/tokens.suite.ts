import { revokes, type TokenRevocation } from '@bulkhead/domain/context';
import { TenantTokens, type TenantContext } from '@bulkhead/tenancy';
import pg from 'pg';
import { queryAt, type TestStack } from '../support/test-stack.js';
import { placeOf, servingUrl, superuserUrl } from './serving-logins.suite.js';

interface Issued {
  readonly token: string;
  readonly tokenId: string;
}

interface Probe {
  readonly servingUrl: string;
  /** The superuser of the plane's server, who drops the table again. */
  readonly ownerUrl: string;
}

/** A table behind the walls of a tier's database, with a row of somebody else in it. */
async function makeProbe(stack: TestStack, tier: string): Promise<Probe> {
  const place = await placeOf(stack, tier);
  const { url, username } = await servingUrl(stack, place);
  const ownerUrl = superuserUrl(stack, place);
  await queryAt(
    ownerUrl,
    `create table app.token_probe (tenant_id text collate "C" primary key);
     alter table app.token_probe owner to ${username.replace(/_app$/, '_owner')};
     insert into app.token_probe values ('ten_somebody_else');
     grant select, insert on app.token_probe to ${username};
     select bulkhead.protect('app.token_probe')`,
  );
  return { servingUrl: url, ownerUrl };
}

/** What a tenant's service does with a token: verify it, and show the context inside of it to the database. */
export function describeTokens(current: () => TestStack): void {
  const tenantOf = async (tier: string): Promise<string> => {
    const found = await current().api.list<{ id: string; slug: string }>(`/v1/tenants?q=first-${tier}`);
    return found.find(({ slug }) => slug === `first-${tier}`)?.id ?? '';
  };
  const issue = async (tenantId: string): Promise<Issued> => {
    const subject = { kind: 'service', id: 'claims' };
    const body = { audience: 'clinic', subject, roles: ['claims.write'], database: true };
    return await current().api.post<Issued>(`/v1/tenants/${tenantId}/tokens`, body);
  };
  const verify = async ({ token }: Issued, audience = 'clinic'): Promise<TenantContext> => {
    const { api } = current();
    const { data } = await api.get<{ data: TokenRevocation[] }>('/v1/token-revocations');
    const tokens = new TenantTokens({
      issuer: api.url,
      audience,
      keys: new URL(`${api.url}/v1/.well-known/jwks.json`),
      isRevoked: (issued) => data.some((revocation) => revokes(revocation, issued)),
    });
    return await tokens.verify(token);
  };
  const probes = new Map<string, Probe>();
  /** Writes a row in the name of the context's tenant, as its application would, and reads what there is then. */
  const rowsSeen = async (tier: string, { tenantId, signedContext }: TenantContext): Promise<unknown[]> => {
    const client = new pg.Client(probes.get(tier)?.servingUrl);
    await client.connect();
    try {
      await client.query(`select set_config('bulkhead.context', $1, false)`, [signedContext?.reveal() ?? '']);
      await client.query('insert into app.token_probe values ($1)', [tenantId]);
      return (await client.query('select tenant_id from app.token_probe')).rows;
    } finally {
      await client.end();
    }
  };

  describe('a token of the control plane', () => {
    beforeAll(async () => {
      for (const tier of ['pooled', 'dedicated']) probes.set(tier, await makeProbe(current(), tier));
    });
    afterAll(async () => {
      for (const { ownerUrl } of probes.values()) await queryAt(ownerUrl, 'drop table app.token_probe');
    });

    it.each(['pooled', 'dedicated'])('is believed by services and by the database of a %s tenant', async (tier) => {
      const tenantId = await tenantOf(tier);
      const context = await verify(await issue(tenantId));
      expect(context).toMatchObject({ tenantId, subject: { kind: 'service', id: 'claims' }, roles: ['claims.write'] });
      expect(await rowsSeen(tier, context)).toEqual([{ tenant_id: tenantId }]);
    });

    it('opens no other database, no other audience and no other name', async () => {
      const issued = await issue(await tenantOf('dedicated'));
      const context = await verify(issued);
      // The home has a key of its own, so this database cannot even have signed it.
      await expect(rowsSeen('pooled', context)).rejects.toMatchObject({ code: 'TN003' });
      await expect(verify(issued, 'billing')).rejects.toMatchObject({ code: 'tenant_token_invalid' });
      const [header, payload, signature] = issued.token.split('.');
      const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as Record<string, unknown>;
      const renamed = { ...claims, tenant: await tenantOf('pooled') };
      const forged = [header, Buffer.from(JSON.stringify(renamed)).toString('base64url'), signature].join('.');
      await expect(verify({ ...issued, token: forged })).rejects.toMatchObject({ code: 'tenant_token_invalid' });
    });

    it('ends with a revocation, and with the suspension of its tenant', async () => {
      const { api } = current();
      const tenantId = await tenantOf('pooled');
      const lost = await issue(tenantId);
      const kept = await issue(tenantId);
      const revocation = { body: { tokenId: lost.tokenId, reason: 'lost' }, key: crypto.randomUUID() };
      expect((await api.call('POST', `/v1/tenants/${tenantId}/tokens/revoke`, revocation)).status).toBe(204);
      await expect(verify(lost)).rejects.toMatchObject({ code: 'tenant_token_revoked' });
      await expect(verify(kept)).resolves.toMatchObject({ tenantId });
      await api.post(`/v1/tenants/${tenantId}/suspend`, { reason: 'unpaid' });
      await expect(verify(kept)).rejects.toMatchObject({ code: 'tenant_token_revoked' });
      await expect(issue(tenantId)).rejects.toThrow('tenant_suspended');
      await api.post(`/v1/tenants/${tenantId}/resume`, {});
      await expect(verify(await issue(tenantId))).resolves.toMatchObject({ tenantId });
    });
  });
}
