import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startAwsEmulator, type AwsEmulator } from '../testing/aws-emulator.js';
import { ProviderClient } from '../testing/provider-client.js';
import { resourceCases, type Setup } from '../testing/resource-cases.js';
import { startRdsHost, type TestRdsHost } from '../testing/rds-host.js';
import { serveProvider, type RunningProvider } from '../protocol/server.js';
import { RdsHost } from './rds-host.js';
import { awsStandIn } from './package.js';

let emulator: AwsEmulator;
let rds: TestRdsHost;
let server: RunningProvider;
let client: ProviderClient;

beforeAll(async () => {
  [emulator, rds] = await Promise.all([startAwsEmulator(), startRdsHost()]);
  server = await serveProvider(awsStandIn({ ...emulator, rdsHost: new RdsHost(rds.url, rds.token) }));
  client = await ProviderClient.connect(server.port, { region: 'us-east-1' });
});

afterAll(async () => {
  client?.close();
  await server?.stop();
  await Promise.all([emulator?.stop(), rds?.stop()]);
});

const setup: Setup = async (token, inputs) => {
  const { id, state } = await client.create(token, inputs);
  return { ...state, id };
};

const { types } = awsStandIn({ region: 'us-east-1' });
const rulesOf = (token: string) => types.find((type) => type.token === token)?.rules ?? {};

test('every type that the stand-in serves has a case here', () => {
  const served = types.map(({ token }) => token);
  expect(resourceCases.map(({ token }) => token).sort()).toEqual([...served].sort());
});

describe.each(resourceCases)('$token', ({ token, before, after, replacing, outputs, leaves, importId, arrange }) => {
  test('lives through create, read, update, adoption and delete', async () => {
    const given = (await arrange?.(setup)) ?? {};
    const first = await client.check(token, { ...before, ...given });
    const second = await client.check(token, { ...before, ...given, ...after });

    const made = await client.create(token, first);
    expect(made.state).toMatchObject(first);
    for (const output of outputs) expect(made.state).toHaveProperty(output);

    const refreshed = await client.read(token, made.id, { inputs: first, state: made.state });
    expect(refreshed?.inputs).toEqual(first);
    expect((await client.diff(token, refreshed?.inputs ?? {}, first)).changed).toEqual([]);

    const { changed, replaces } = await client.diff(token, first, second);
    expect([...changed].sort()).toEqual(Object.keys(after).sort());
    expect(replaces).toEqual([]);
    expect(await client.update(token, made.id, first, second)).toMatchObject(second);

    const drifted = await client.read(token, made.id, { inputs: first, state: made.state });
    const seen = await client.diff(token, drifted?.inputs ?? {}, first);
    expect([...seen.changed].sort()).toEqual(Object.keys(after).sort());

    const imported = await client.read(token, importId?.(made.id, second) ?? made.id);
    const missing = (await client.diff(token, imported?.inputs ?? {}, second)).changed;
    expect(missing.filter((name) => rulesOf(token)[name]?.unobserved !== true)).toEqual([]);

    const adopted = await client.create(token, second);
    expect(adopted.id).toBe(made.id);

    expect((await client.diff(token, second, { ...second, ...replacing })).replaces.toSorted()).toEqual(
      Object.keys(replacing).sort(),
    );

    await client.delete(token, made.id, second, adopted.state);
    const left = await client.read(token, made.id);
    expect(left?.state ?? {}).toMatchObject(leaves ?? {});
    expect(left === undefined).toBe(leaves === undefined);
    await client.delete(token, made.id, second, adopted.state);
  });

  test('refuses a property that it does not implement, by name', async () => {
    const given = (await arrange?.(setup)) ?? {};
    const { refusals } = await client.refusals(token, { ...before, ...given, notAProperty: true });
    expect(refusals).toEqual([expect.stringContaining('"notAProperty"')]);
  });
});

test('every property and output is one of @pulumi/aws, under the token that it uses', () => {
  const require = createRequire(import.meta.url);
  for (const { token, rules, computed } of types) {
    const [module = '', name = ''] = (token.split(':')[1] ?? '').split('/');
    const source = readFileSync(require.resolve(`@pulumi/aws/${module}/${name}.js`), 'utf8');
    expect(source).toContain(`__pulumiType = '${token}'`);
    const known = new Set([...source.matchAll(/resourceInputs\["(\w+)"\]/g)].map(([, property]) => property));
    expect([...Object.keys(rules), ...computed].filter((property) => !known.has(property))).toEqual([]);
  }
});
