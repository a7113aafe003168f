import { waitFor } from '@bulkhead/kernel';
import { ApiClient, type TenantView } from './api-client.js';
import { bookForEach } from './clinic-visit.js';
import { keepRunning } from './control-plane.js';
import { lookWithOrdinaryClients } from './ordinary-clients.js';
import { signal } from './process-identity.js';
import { onboardSamples, type OnboardedTenant } from './samples.js';
import { type Stack, startStack } from './stack.js';
import { placementOf, summarise } from './summary.js';
import { makeStackFolder, processesOf } from './testing/stack-folder.js';

describe('the sample tenants on a whole stack', () => {
  const { dir, remove } = makeStackFolder();
  let stack: Stack;
  let api: ApiClient;
  let onboarded: OnboardedTenant[];
  const lines: string[] = [];
  const start = async () => {
    stack = await startStack({ dir });
    api = new ApiClient(stack.controlPlane.apiUrl, async () => await stack.engines.identity.token('platform-admin'));
  };

  beforeAll(async () => {
    await start();
    onboarded = await onboardSamples(api, (line) => lines.push(line));
  });
  afterAll(async () => {
    await stack.stop();
    remove();
  });

  it('become active, with their progress shown step by step', () => {
    expect(onboarded.map(({ tenant }) => [tenant.slug, tenant.tier.name, tenant.state])).toEqual([
      ['riverside-family-clinic', 'pooled', 'active'],
      ['lakeside-health-system', 'dedicated', 'active'],
    ]);
    expect(lines).toContain('Lakeside Health System (dedicated):');
    expect(lines.filter((line) => line.startsWith('  activate: succeeded'))).toHaveLength(4);
  });

  it('have resources that answer ordinary clients', async () => {
    for (const { tenant } of onboarded) {
      const looks = await lookWithOrdinaryClients(stack.engines.aws, await placementOf(api, tenant.id));
      expect(looks.map(({ layer, ok }) => [layer, ok])).toEqual([
        ['database', true],
        ['storage', true],
        ['key', true],
        ['queue', true],
      ]);
    }
  });

  it('book appointments at the clinic, and see their own only', async () => {
    const issuer = new ApiClient(
      stack.controlPlane.apiUrl,
      async () => await stack.engines.identity.token('tenancy-issuer'),
    );
    const seen: string[] = [];
    const tenants = onboarded.map(({ tenant }) => tenant);
    const { clinicUrl } = stack.workloadPlane;
    expect(await bookForEach(issuer, clinicUrl, tenants, (line) => seen.push(line))).toBe(true);
    expect(seen.map((line) => /: (\d+) /.exec(line)?.[1])).toEqual(['200', '404', '404', '200']);
  });

  it('are summed up with placement, billing, audit and time, and no secret', async () => {
    const text = (await summarise(api, onboarded)).join('\n');
    for (const { operation } of onboarded) expect(text).toContain(operation.id);
    expect(text).toMatch(/Onboarding pooled, cold: p50 \d+\.\d\d s \(1 onboarded\)/);
    expect(text).toMatch(/audit +leaves \d+/);
    expect(text).toMatch(/billing +ledger: cus_/);
    expect(text).not.toMatch(/undefined|password/i);
  });

  it('are served again after the API and the worker were killed', async () => {
    const { api: apiProcess, worker } = stack.controlPlane;
    keepRunning(stack.engines, (reason) => {
      throw reason;
    });
    const before = [apiProcess.pid, worker.pid];
    for (const pid of before) signal(pid as number, 'SIGKILL');
    const areBack = () =>
      [apiProcess.pid, worker.pid].every((pid, index) => pid !== undefined && pid !== before[index]);
    await waitFor('new processes', areBack, { timeoutMs: 60_000 });
    await waitFor('the API', async () => await api.get('/v1/health'), { timeoutMs: 60_000 });
    expect(await api.list('/v1/tenants')).toHaveLength(2);
  });

  it('are found, not made again, at the next start', async () => {
    await stack.stop();
    expect(processesOf(dir)).toEqual([]);
    await start();
    const again = await onboardSamples(api, () => undefined);
    expect(again.map(({ tenant }) => tenant.id)).toEqual(onboarded.map(({ tenant }) => tenant.id));
    expect(await api.list<TenantView>('/v1/tenants')).toHaveLength(2);
  });
});
