import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { waitFor } from '@bulkhead/kernel';
import { bulkhead, bulkheadJson } from '../support/command-line.js';
import { onboard, type Tenant } from '../support/onboarding.js';
import type { TestStack } from '../support/test-stack.js';

interface Change {
  readonly id: string;
  readonly tenantId: string;
  readonly state: string;
  readonly operationId: string | null;
}
interface Quote {
  readonly id: string;
  readonly hash: string;
  readonly proration: Record<'invoiced' | 'used' | 'firstInvoice', { readonly amountMinor: number }> & {
    readonly credit: { readonly amount: { readonly amountMinor: number } };
  };
}

const PATIENCE = { timeoutMs: 120_000, intervalMs: 500 };

/** Sales ops' path through the command line: ask, quote, approve, schedule, apply. */
export function describeChangeRequests(current: () => TestStack): void {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const key = randomBytes(32).toString('base64');
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  let tenant: Tenant;
  const sales = <T>(...args: string[]) => bulkheadJson<T>(current(), 'sales-ops', ...args);
  const quote = (...args: string[]) => sales<Quote>('changes', 'quote', '--tenant', tenant.slug, ...args);
  const ask = async ({ id, hash }: Quote) =>
    (await sales<{ change: Change }>('changes', 'create', '--quote', id, '--hash', hash, '--reason', 'renewal')).change;
  const approve = (change: Change, { hash }: Quote) =>
    bulkheadJson<Change>(current(), 'approver', 'approvals', 'approve', change.id, '--hash', hash);

  describe('a change of plan, by the command line', () => {
    beforeAll(async () => {
      const stack = current();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const secretFile = join(stack.dir, 'webhook-secret');
      writeFileSync(secretFile, `whsec_${key}\n`, { mode: 0o600 });
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await stack.workWith({ BULKHEAD_WEBHOOK_URL: address, BULKHEAD_WEBHOOK_SECRET_FILE: secretFile });
      ({ tenant } = await onboard(stack.api, 'pooled', 'grows-up'));
    });
    afterAll(async () => {
      await current().workWith({});
      await new Promise((resolve) => server.close(resolve));
    });

    it('is asked for, quoted, approved, scheduled and applied on its day, with billing', async () => {
      const stack = current();
      const offer = await quote('--plan', 'practice-per-clinic', '--quantity', '2');
      const { invoiced, used, credit, firstInvoice } = offer.proration;
      expect(used.amountMinor + credit.amount.amountMinor).toBe(invoiced.amountMinor);
      const change = await ask(offer);
      const tooEarly = await bulkhead(stack, 'sales-ops', 'changes', 'apply', change.id, '--hash', offer.hash);
      expect(tooEarly.code).toBe(4);
      const own = await bulkhead(stack, 'sales-ops', 'approvals', 'approve', change.id, '--hash', offer.hash);
      expect([own.code, own.stderr]).toEqual([1, expect.stringContaining('roles do not allow')]);
      expect((await approve(change, offer)).state).toBe('approved');
      await sales('changes', 'schedule', change.id, '--hash', offer.hash);
      const applied = await waitFor(
        'the worker to apply it',
        async () => {
          const now = await sales<Change>('changes', 'get', change.id);
          return now.state === 'applied' && now;
        },
        PATIENCE,
      );
      const after = await stack.api.get<object>(`/v1/tenants/${tenant.id}`);
      expect(after).toMatchObject({ plan: { name: 'practice-per-clinic' }, quantity: 2, state: 'active' });
      const granted = await stack.api.get<{ data: object[] }>(`/v1/tenants/${tenant.id}/entitlements`);
      expect(granted.data).toContainEqual(expect.objectContaining({ feature: 'claims' }));
      expect(granted.data).toContainEqual(expect.objectContaining({ feature: 'clinics', ceiling: 2 }));
      await waitFor(
        'the operation to end',
        async () => {
          const { state } = await stack.api.get<{ state: string }>(`/v1/operations/${applied.operationId}`);
          return state === 'succeeded';
        },
        PATIENCE,
      );
      await expectBilled(stack, tenant.id, offer, firstInvoice.amountMinor);
    });

    it('was told to the vendor by signed webhooks', async () => {
      const types = ['pending', 'approved', 'scheduled', 'applying', 'applied'].map(
        (state) => `change_request.${state}`,
      );
      await waitFor(
        'the webhooks',
        () => types.every((type) => received.some(({ body }) => body.includes(type))),
        PATIENCE,
      );
      for (const { headers, body } of received) {
        const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
        const wanted = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
        expect(headers['webhook-signature']).toBe(`v1,${wanted}`);
      }
    });

    it('is neither applied by the hash of another quote, nor opened once the tenant is no longer what was quoted', async () => {
      const stack = current();
      const [first, second] = [await quote('--quantity', '3'), await quote('--quantity', '4')];
      const change = await ask(first);
      await approve(change, first);
      const refusal = async (...args: string[]) => {
        const { code, stderr } = await bulkhead(stack, 'sales-ops', 'changes', ...args);
        return `${code} ${stderr}`;
      };
      expect(await refusal('apply', change.id, '--hash', second.hash)).toMatch(
        /^1 .*The hash is not that of the quote/,
      );
      await sales('changes', 'apply', change.id, '--hash', first.hash, '--wait');
      const late = ['create', '--quote', second.id, '--hash', second.hash, '--reason', 'renewal'];
      expect(await refusal(...late)).toMatch(/^1 .*The tenant has changed since it was quoted/);
      expect(await stack.api.get<object>(`/v1/tenants/${tenant.id}`)).toMatchObject({ quantity: 3 });
    });
  });
}

/** The ledger holds the credit, the new plan's invoice and one live subscription, and balances. */
async function expectBilled(stack: TestStack, tenantId: string, offer: Quote, firstMinor: number): Promise<void> {
  const [account] = await stack.control<{ credits: string; live: number; plan: string; balance: string; open: string }>(
    `select coalesce((select sum(c.amount_minor) from billing.credits c join billing.invoices i on i.id = c.invoice_id
                       where i.customer_id = u.id), 0) as credits,
            (select count(*)::int from billing.subscriptions s where s.customer_id = u.id
              and not exists (select from billing.cancellations where subscription_id = s.id)) as live,
            (select max(plan_name) from billing.subscriptions s where s.customer_id = u.id
              and not exists (select from billing.cancellations where subscription_id = s.id)) as plan,
            (select sum(amount_minor) from billing.postings p where p.customer_id = u.id) as balance,
            (select sum(amount_minor) from billing.postings p where p.customer_id = u.id and account = 'accounts_receivable') as open
       from billing.customers u where u.tenant_id = $1`,
    [tenantId],
  );
  expect(account).toMatchObject({ live: 1, plan: 'practice-per-clinic' });
  expect(Number(account?.balance)).toBe(0);
  // The contract began today: its first period begins today too, so its invoice is voided as a whole.
  const { invoiced, used, credit } = offer.proration;
  const voided = used.amountMinor === 0;
  expect(Number(account?.credits)).toBe(voided ? 0 : credit.amount.amountMinor);
  expect(Number(account?.open)).toBe(firstMinor + (voided ? 0 : invoiced.amountMinor - credit.amount.amountMinor));
}
