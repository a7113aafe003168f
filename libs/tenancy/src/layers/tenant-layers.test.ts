import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantLayers, type TenantLayersOptions } from './tenant-layers.js';

const holder = (id: string): TenantContext => ({
  tenantId: 'ten_a',
  subject: { kind: 'person', id },
  roles: [],
  tokenId: `tok_${id}`,
  expiresAt: 4_000_000_000,
  token: new Redacted(id),
});
const expired = () =>
  new BulkheadError({ code: 'tenant_context_expired', status: 401, publicMessage: 'No.', remediation: 'Get another.' });

/** Layers as a home answers for them, which refuses whoever is called `late`. */
function layersOf(asked: string[]): TenantLayers {
  const route = { home: 'cel_1', epoch: 1 };
  return new TenantLayers({
    routes: { resolve: () => ({ ...route }) },
    databases: {
      query: async ({ subject }: TenantContext) => {
        asked.push(subject.id);
        if (subject.id === 'late') throw expired();
        return { rows: [{ layer: 'queue', binding_id: 'bnd_1', epoch: '1', place: {} }] };
      },
    },
  } as unknown as TenantLayersOptions);
}

describe('the layers of a tenant', () => {
  it('are found by one person though the token of another, who asked first, had expired', async () => {
    const layers = layersOf([]);
    const [first, second] = [layers.find(holder('late'), 'queue'), layers.find(holder('nurse'), 'queue')];
    await expect(first).rejects.toThrow(expect.objectContaining({ code: 'tenant_context_expired' }));
    expect(await second).toMatchObject({ tenantId: 'ten_a', bindingId: 'bnd_1' });
  });

  it('are asked for once', async () => {
    const asked: string[] = [];
    const layers = layersOf(asked);
    await Promise.all([layers.find(holder('a'), 'queue'), layers.find(holder('b'), 'queue')]);
    await layers.find(holder('c'), 'queue');
    expect(asked).toEqual(['a']);
  });
});
