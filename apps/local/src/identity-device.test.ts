import { decodeJwt } from 'jose';
import type { IdentityProvider } from './identity-provider.js';
import { enterCode, startTestIdentityProvider } from './testing/index.js';

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startTestIdentityProvider();
});
afterAll(() => provider.close());

// oxlint-disable-next-line typescript/no-explicit-any
async function post(path: string, form: Record<string, string>): Promise<{ status: number; body: any }> {
  const body = new URLSearchParams({ client_id: 'bulkhead-cli', ...form });
  const response = await fetch(`${provider.issuer}${path}`, { method: 'POST', body });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}
const begin = async () => (await post('/device/auth', { scope: 'openid offline_access' })).body;
const redeem = (deviceCode: string) =>
  post('/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode });
const renew = (token: string) => post('/token', { grant_type: 'refresh_token', refresh_token: token });

it('lets a device in once a person has said yes, with that person’s roles, and renews its token', async () => {
  const begun = await begin();
  expect((await redeem(begun.device_code)).body).toMatchObject({ error: 'authorization_pending' });
  expect(await enterCode(begun.verification_uri, begun.user_code, 'auditor')).toContain('Signed in');
  const { body: tokens } = await redeem(begun.device_code);
  const expected = { sub: 'auditor', roles: ['auditor'], aud: 'bulkhead-api', iss: provider.issuer };
  expect(decodeJwt(tokens.access_token)).toMatchObject(expected);
  const { body: renewed } = await renew(tokens.refresh_token);
  expect(decodeJwt(renewed.access_token)).toMatchObject(expected);
  expect((await renew(tokens.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
});

it('ends a device’s tokens when it signs out', async () => {
  const begun = await begin();
  await enterCode(begun.verification_uri, begun.user_code, 'approver');
  const { body: tokens } = await redeem(begun.device_code);
  expect((await post('/token/revocation', { token: tokens.refresh_token })).status).toBe(200);
  expect((await renew(tokens.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
});

it('keeps a device out when the person says no, and knows no code that was not given', async () => {
  const begun = await begin();
  expect(await enterCode(begun.verification_uri, 'BBBB-BBBB', 'auditor')).toContain('There is no such code');
  await enterCode(begun.verification_uri, begun.user_code, 'no');
  expect((await redeem(begun.device_code)).body).toMatchObject({ error: 'access_denied' });
});
