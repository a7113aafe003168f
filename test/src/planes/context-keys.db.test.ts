import { randomBytes } from 'node:crypto';
import { ISOLATIONS, physicalNames, type PlacedTenant } from '@bulkhead/domain';
import {
  boxPublicKey,
  contextKeyLabel,
  openSealed,
  signContext,
  tokenServiceKeys,
  type ContextKey,
} from '@bulkhead/domain/context';
import { Redacted } from '@bulkhead/kernel';
import {
  ensureContextKey,
  homeOf,
  planesOf,
  renewContextKey,
  type ContextKeyRegister,
  type Home,
} from '@bulkhead/planes';
import { startPlaneEngines, type TestPlaneEngines } from './plane-engines.js';

let engines: TestPlaneEngines;
beforeAll(async () => {
  engines = await startPlaneEngines();
});
afterAll(() => engines?.stop());

/** The token service as far as context keys go. */
class TokenService implements ContextKeyRegister {
  readonly #keys = tokenServiceKeys(new Redacted<Uint8Array>(randomBytes(32)));
  readonly recipient = boxPublicKey(this.#keys.box);
  readonly given: { home: string; id: string; sealed: string }[] = [];
  /** Recordings that are lost before they arrive, as with a worker that dies. */
  losses = 0;

  async known(home: string): Promise<string[]> {
    return this.given
      .filter((key) => key.home === home)
      .map(({ id }) => id)
      .toReversed();
  }

  async record(key: { home: string; id: string; sealed: string }): Promise<void> {
    if (this.losses-- > 0) throw new Error('The worker died');
    this.given.push(key);
  }

  /** Signs as the key that was given last. */
  sign(placed: PlacedTenant, home: Home): string {
    const key = this.given.at(-1);
    if (!key) throw new Error('The token service was given no key');
    const secret = openSealed(this.#keys.box, Buffer.from(key.sealed, 'base64'), contextKeyLabel(home.id, key.id));
    const signer: ContextKey = { id: key.id, secret };
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    return signContext(signer, { tenantId: placed.tenantId, home: home.id, epoch: 3, expiresAt });
  }
}

async function bound(isolation: (typeof ISOLATIONS)[number]): Promise<{ placed: PlacedTenant; home: Home }> {
  const placed = await engines.place(isolation);
  const home = homeOf(placed);
  if (!home) throw new Error('The placement has no database');
  await planesOf(placed, engines.clients).get('database')?.bind();
  return { placed, home };
}

const keysIn = async (placed: PlacedTenant): Promise<unknown[]> =>
  (await engines.sql(placed, 'select id from bulkhead.context_key order by added desc')).map(({ id }) => id);

/** What the database takes the context for, asked by the role that serves. */
async function tenantOf(placed: PlacedTenant, home: Home, context: string): Promise<unknown> {
  const { servingRole } = physicalNames(home.id);
  const [row] = await engines.sql(
    placed,
    `select set_config('bulkhead.context', $1, false), set_config('role', $2, false), bulkhead.current_tenant() as tenant`,
    [context, servingRole],
  );
  return row?.['tenant'];
}

describe.each(ISOLATIONS)('the context key of a %s database', (isolation) => {
  it('is made once, signs what the database believes, and can be read by the token service alone', async () => {
    const { placed, home } = await bound(isolation);
    await engines.sql(placed, 'delete from bulkhead.context_key');
    const service = new TokenService();
    const ensure = () => ensureContextKey(engines.clients, home, service);
    await Promise.all([ensure(), ensure(), ensure()]);
    await ensure();
    expect(service.given).toHaveLength(1);
    expect(await keysIn(placed)).toEqual([service.given[0]?.id]);
    expect(await tenantOf(placed, home, service.sign(placed, home))).toBe(placed.tenantId);
    const stranger = new TokenService();
    stranger.given.push(...service.given);
    expect(() => stranger.sign(placed, home)).toThrow(expect.objectContaining({ code: 'sealed_box_unreadable' }));
  });

  it('is made anew after a crash, and none that signs is pushed out, however many crashes there were', async () => {
    const { placed, home } = await bound(isolation);
    await engines.sql(placed, 'delete from bulkhead.context_key');
    const service = new TokenService();
    const ensure = () => ensureContextKey(engines.clients, home, service);
    service.losses = 3;
    for (const _ of [1, 2, 3]) await expect(ensure()).rejects.toThrow('died');
    expect(await keysIn(placed)).toHaveLength(1);
    await ensure();
    expect(await keysIn(placed)).toEqual(service.given.map(({ id }) => id));
    expect(await tenantOf(placed, home, service.sign(placed, home))).toBe(placed.tenantId);
  });

  it('is renewed: both keys are believed, then the older one no more, and a repeated renewal changes nothing', async () => {
    const { placed, home } = await bound(isolation);
    await engines.sql(placed, 'delete from bulkhead.context_key');
    const service = new TokenService();
    await ensureContextKey(engines.clients, home, service);
    const renew = (id: string) => renewContextKey(engines.clients, home, service, id);
    const before = service.sign(placed, home);
    const [first] = await service.known(home.id);
    await renew(first!);
    await renew(first!);
    expect(service.given).toHaveLength(2);
    const between = service.sign(placed, home);
    expect(await tenantOf(placed, home, before)).toBe(placed.tenantId);
    expect(await tenantOf(placed, home, between)).toBe(placed.tenantId);
    const [second] = await service.known(home.id);
    await renew(second!);
    await expect(tenantOf(placed, home, before)).rejects.toMatchObject({ code: 'TN003' });
    expect(await tenantOf(placed, home, between)).toBe(placed.tenantId);
  });

  it('that could not be handed to the token service pushes out none that signs', async () => {
    const { placed, home } = await bound(isolation);
    await engines.sql(placed, 'delete from bulkhead.context_key');
    const service = new TokenService();
    await ensureContextKey(engines.clients, home, service);
    const [first] = await service.known(home.id);
    service.losses = 2;
    for (const _ of [1, 2]) {
      await expect(renewContextKey(engines.clients, home, service, first!)).rejects.toThrow('died');
      expect(await tenantOf(placed, home, service.sign(placed, home))).toBe(placed.tenantId);
    }
    await renewContextKey(engines.clients, home, service, first!);
    expect(await tenantOf(placed, home, service.sign(placed, home))).toBe(placed.tenantId);
  });

  it('is replaced when the database does not know it, for example after it was restored', async () => {
    const { placed, home } = await bound(isolation);
    const service = new TokenService();
    const ensure = () => ensureContextKey(engines.clients, home, service);
    await ensure();
    await engines.sql(placed, 'delete from bulkhead.context_key');
    await expect(tenantOf(placed, home, service.sign(placed, home))).rejects.toMatchObject({ code: 'TN003' });
    await ensure();
    expect(service.given).toHaveLength(2);
    expect(await tenantOf(placed, home, service.sign(placed, home))).toBe(placed.tenantId);
  });
});
