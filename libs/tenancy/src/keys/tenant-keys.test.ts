import { Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantKeys, type TenantKeysOptions } from './tenant-keys.js';

const context: TenantContext = {
  tenantId: 'ten_a',
  subject: { kind: 'service', id: 'worker' },
  roles: [],
  tokenId: 'tok_1',
  expiresAt: 4_000_000_000,
  token: new Redacted('token'),
};

it('refuses to encrypt for a binding whose data keys are gone, and asks KMS for no new one', async () => {
  const layer = { tenantId: 'ten_a', layer: 'key', bindingId: 'bnd_1', epoch: 1, place: { keyArn: 'arn' } };
  let asked = 0;
  const keys = new TenantKeys({
    layers: { find: async () => layer },
    databases: { query: async () => ({ rows: [] }) },
    sessions: {
      credentials: async () => {
        asked += 1;
        throw new Error('KMS was to be asked');
      },
    },
  } as unknown as TenantKeysOptions);
  const sealed = keys.encrypt(context, 'patient.notes', Buffer.from('text'));
  await expect(sealed).rejects.toMatchObject({ code: 'tenant_key_unavailable', status: 503 });
  expect(asked).toBe(0);
  keys.close();
});
