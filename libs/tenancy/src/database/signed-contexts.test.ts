import { signContext } from '@bulkhead/domain/context';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import type { Route } from '../routing/route.js';
import { SignedContexts } from './signed-contexts.js';

const route: Route = { tenantId: 'ten_a', home: 'cel_1', epoch: 2, status: 'active' };
const holder = (id: string): TenantContext => ({
  tenantId: 'ten_a',
  subject: { kind: 'person', id },
  roles: [],
  tokenId: `tok_${id}`,
  expiresAt: 4_000_000_000,
  token: new Redacted(id),
});
const signed = signContext(
  { id: 'k1', secret: new Redacted(new Uint8Array(32)) },
  { tenantId: 'ten_a', home: 'cel_1', epoch: 2, expiresAt: 4_000_000_000 },
);
const revoked = () =>
  new BulkheadError({ code: 'tenant_token_revoked', status: 401, publicMessage: 'No.', remediation: 'Get another.' });

describe('contexts that are exchanged', () => {
  it('do not fail for one person because the token of another, who asked first, was revoked', async () => {
    const contexts = new SignedContexts(async ({ subject }) => {
      if (subject.id === 'gone') throw revoked();
      return signed;
    });
    const first = contexts.contextFor(holder('gone'), route);
    const second = contexts.contextFor(holder('nurse'), route);
    await expect(first).rejects.toThrow(expect.objectContaining({ code: 'tenant_token_revoked' }));
    expect(await second).toBe(signed);
  });

  it('are asked for once by all who wait for them', async () => {
    let asked = 0;
    const contexts = new SignedContexts(async () => {
      asked += 1;
      return signed;
    });
    const both = [contexts.contextFor(holder('a'), route), contexts.contextFor(holder('b'), route)];
    expect(await Promise.all(both)).toEqual([signed, signed]);
    expect(asked).toBe(1);
  });
});
