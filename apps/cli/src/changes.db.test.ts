import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { Cli, type Ended } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

let api: ApiFixture;
let cli: Cli;
let url: string;
let approver: { env: { BULKHEAD_TOKEN: string } };
beforeAll(async () => {
  ({ api, url } = await serveApi());
  const sales = await api.issuer.token({ roles: ['sales-ops'], sub: 'sally' });
  cli = new Cli({ BULKHEAD_URL: url, BULKHEAD_TOKEN: sales });
  approver = { env: { BULKHEAD_TOKEN: await api.issuer.token({ roles: ['approver'], sub: 'anna' }) } };
  await api.standUpRegion();
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

const tenant = async (slug: string) => {
  await api.onboard({ slug, quantity: 10 });
  return slug;
};
const quoted = async (slug: string, ...more: string[]) =>
  await cli.json('changes', 'quote', '--tenant', slug, '--plan', 'practice-per-clinic', '--quantity', '2', ...more);
const ask = ({ id, hash }: { id: string; hash: string }, ...more: string[]) =>
  cli.run(['changes', 'create', '--quote', id, '--hash', hash, '--reason', 'renewal', ...more]);
const approve = (id: string, hash: string) =>
  cli.run(['approvals', 'approve', id, '--hash', hash, '-o', 'json'], approver);
const said = ({ code, stderr }: Ended) => `${code} ${stderr}`;

describe('what a customer may have', () => {
  it('is recorded, recommended and checked, with an exit code for pipelines', async () => {
    const slug = await tenant('hillside');
    const given = ['providers=47', 'integrations=4', 'regulatorySensitivity=high', 'contractualSeparation=false'];
    const recorded = await cli.json('facts', 'record', slug, ...given, '--source', 'contract of March');
    expect(recorded).toHaveLength(4);
    expect(await cli.json('facts', 'list', slug)).toEqual(recorded);
    expect(await cli.json('eligibility', 'recommend', slug)).toMatchObject({ tier: 'hybrid-storage' });
    const check = await cli.run([
      ...['eligibility', 'check', slug, '--plan', 'enterprise-health-system'],
      ...['--require', 'key', '--require', 'database'],
    ]);
    expect(check.code).toBe(3);
    expect(check.stdout).toMatch(/database +database\.size +no +needs 3 more providers \(has 47, at least 50 asked\)/);
    expect(check.stderr).toBe('The customer may not have its own database.\n');
    const typo = await cli.run(['eligibility', 'check', slug, '--require', 'disk']);
    expect(said(typo)).toContain("1 error: option '--require <layer>' argument 'disk' is invalid.");
    expect((await cli.run(['facts', 'record', slug, 'providers', '--source', 'x'])).stderr).toContain('name=value');
  });
});

describe('changes', () => {
  it('go from a quote over an approval to an operation', async () => {
    const quote = await quoted(await tenant('riverside'));
    expect(quote).toMatchObject({ eligible: true, cost: { estimate: true } });
    const asked = await ask(quote, '-o', 'json');
    const { change } = JSON.parse(asked.stdout);
    expect(asked.stderr).toContain(`For the customer, shown this once: ${url}/status/`);
    expect(asked.stderr).toContain(`bulkhead approvals approve ${change.id} --hash ${change.hash}\n`);
    expect(await cli.json('approvals', 'list')).toMatchObject([{ id: change.id, state: 'pending' }]);
    const early = await cli.run(['changes', 'apply', change.id, '--hash', quote.hash]);
    expect(said(early)).toMatch(/^4 Error: The change request has not been approved yet\./);
    expect(JSON.parse((await approve(change.id, quote.hash)).stdout)).toMatchObject({ state: 'approved' });
    const stale = await cli.run(['changes', 'apply', change.id, '--hash', 'f'.repeat(64)]);
    expect(said(stale)).toContain('1 Error: The hash is not that of the quote.');
    const applied = await cli.run(['changes', 'apply', change.id, '--hash', quote.hash, '-o', 'json']);
    expect(JSON.parse(applied.stdout)).toMatchObject({ change: { state: 'applying' } });
    expect(applied.stderr).toMatch(/^Started operation op_/);
  });

  it('are shown side by side, with the tenancy models compared', async () => {
    const slug = await tenant('lakeside');
    const { stdout, stderr } = await cli.run(['changes', 'quote', '--tenant', slug, '--quantity', '20']);
    expect(stdout).toMatch(/^TO +clinic-per-provider@1 x 20 on pooled@1, USD 2,980\.00 a month$/m);
    expect(stdout).toMatch(/^COST \(EST\.\) +USD 44\.00 a month, prices of 2026-11-01 \(aws-estimate@1\)$/m);
    expect(stdout).toMatch(/^single-tenant +USD /m);
    expect(stdout).toMatch(/^FIRST INVOICE +USD [\d,.]+; USD [\d,.]+ after the credit$/m);
    expect(stderr).toContain('To ask for it: bulkhead changes create --quote quo_');
  });

  it('are only checked with --dry-run', async () => {
    const quote = await quoted(await tenant('seaside'));
    const ended = await ask(quote, '--dry-run');
    expect(said(ended)).toBe('2 Dry run: everything was checked and nothing was asked for.\n');
    expect(await cli.json('changes', 'list', '--tenant', quote.tenantId)).toEqual([]);
    const { change } = JSON.parse((await ask(quote, '-o', 'json')).stdout);
    expect(await cli.json('changes', 'list', '--tenant', 'seaside')).toMatchObject([{ id: change.id }]);
    expect(said(await cli.run(['changes', 'list', '--tenant', 'nowhere']))).toContain('with the slug "nowhere"');
  });

  it('end with exit code 3 where policy denies them', async () => {
    const quote = await cli.json(
      ...['changes', 'quote', '--tenant', await tenant('woodside'), '--quantity', '1'],
      ...['--plan', 'enterprise-health-system', '--tier', 'dedicated'],
    );
    const ended = await ask(quote);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('Own database: needs at least 50 providers, of which nothing is recorded');
  });

  it('come from a file, with a result for each row', async () => {
    const slug = await tenant('bayside');
    const file = join(cli.home, 'wishes.csv');
    writeFileSync(
      file,
      `tenant,plan,quantity,reason\n${slug},practice-per-clinic,2,renewal\n${slug},practice-per-clinic,2,=1+1\n`,
    );
    const dry = await cli.run(['changes', 'import', file, '--dry-run']);
    expect(dry.stdout).toMatch(/^2 +checked/m);
    const { code, stdout, stderr } = await cli.run(['changes', 'import', file]);
    expect(code).toBe(1);
    const [, link = ''] = /^Line 2, for the customer, shown this once: (\S+)\n1 of 2 rows/.exec(stderr) ?? [];
    expect((await fetch(link)).status).toBe(200);
    expect(stdout).toMatch(/^2 +created +chg_/m);
    expect(stdout).toMatch(/^3 +refused .*csv_formula/m);
    writeFileSync(file, '');
    expect(said(await cli.run(['changes', 'import', file]))).toMatch(/^1 Error: .*wishes\.csv is empty\./);
    expect(said(await cli.run(['changes', 'import', 'nowhere.csv']))).toContain('1 Error: nowhere.csv cannot be read.');
  });

  it('are cancelled, and rejected', async () => {
    const slug = await tenant('northside');
    const first = JSON.parse((await ask(await quoted(slug), '-o', 'json')).stdout).change;
    expect(await cli.json('changes', 'cancel', first.id)).toMatchObject({ state: 'cancelled' });
    const quote = await quoted(slug);
    const second = JSON.parse((await ask(quote, '-o', 'json')).stdout).change;
    const no = ['approvals', 'reject', second.id, '--hash', quote.hash, '--note', 'too cheap', '-o', 'json'];
    expect(JSON.parse((await cli.run(no, approver)).stdout)).toMatchObject({ state: 'rejected' });
    expect(await cli.json('changes', 'get', second.id)).toMatchObject({ decisions: [{ note: 'too cheap' }] });
  });
});

describe('legal holds', () => {
  it('are placed, listed and released', async () => {
    const slug = await tenant('southside');
    const admin = { env: { BULKHEAD_TOKEN: api.adminToken } };
    const placed = await cli.run(
      ['legal-holds', 'place', slug, '--matter', 'Doe', '--reason', 'letter', '-o', 'json'],
      admin,
    );
    const { id } = JSON.parse(placed.stdout);
    expect(await cli.json('legal-holds', 'list', '--in-force')).toMatchObject([{ id, matter: 'Doe' }]);
    await cli.run(['legal-holds', 'release', id, '--reason', 'settled'], admin);
    expect(await cli.json('legal-holds', 'list', '--in-force')).toEqual([]);
  });
});

describe('support', () => {
  it('is asked for, approved by somebody else, and ended', async () => {
    const { tenantId } = await api.onboard({ slug: 'westside' });
    const helper = {
      env: { BULKHEAD_TOKEN: await api.issuer.token({ roles: ['support', 'approver'], sub: 'helga' }) },
    };
    const wanted = ['support', 'request', tenantId, '--reason', 'ticket', '--minutes', '10', '-o', 'json'];
    const { id } = JSON.parse((await cli.run(wanted, helper)).stdout);
    const own = await cli.run(['support', 'approve', id], helper);
    expect(said(own)).toContain('1 Error: Nobody lets themselves in');
    expect((await cli.run(['support', 'approve', id], approver)).stdout).toMatch(/^STATE +active$/m);
    expect((await cli.run(['support', 'end', id], helper)).stdout).toMatch(/^STATE +over$/m);
    expect((await cli.run(['support', 'list', '-o', 'name'], helper)).stdout).toBe(`${id}\n`);
  });
});
