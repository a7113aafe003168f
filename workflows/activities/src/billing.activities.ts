import { RecordBilling, type BillingFacts, type BillingReferences } from '@bulkhead/control';
import type { BillingActivities } from '@bulkhead/definitions';
import { dateOf, invoiceSchedule, planCharge } from '@bulkhead/domain';
import { send, type Dependencies } from './dependencies.js';

/** Customer, subscription and first invoices. Every key derives from the subscription, so a repeat finds what is there. */
export function billingActivities(dependencies: Dependencies): BillingActivities {
  const { subscriptions, changes, billing } = dependencies;
  return {
    async setUpBilling({ operationId, tenantId }) {
      const facts = await subscriptions.billingFacts(tenantId);
      const references = facts.isProbe ? UNBILLED : await subscribed(dependencies, facts);
      await send(dependencies, new RecordBilling({ operationId, tenantId, ...references }));
    },
    async changeBilling({ changeId }) {
      const change = await changes.billingChange(changeId);
      const changed = await billing.provider.changePlan({ ...change, idempotencyKey: `${changeId}:plan` });
      await billing.provider.grantEntitlements({ customerRef: change.customerRef, features: change.plan.modules });
      return { subscriptionRef: changed.subscriptionRef, invoiceScheduleRef: changed.invoiceScheduleRef };
    },
    async cancelBilling({ tenantId }) {
      const facts = await subscriptions.billingFacts(tenantId);
      if (facts.isProbe) return;
      // By what the provider holds, not by what was recorded: the step may have died between the two.
      const { customerRef } = await customer(dependencies, facts);
      const account = await billing.provider.inspect(customerRef);
      for (const { ref, state } of account.subscriptions) {
        if (state === 'cancelled') continue;
        const cancellation = { subscriptionRef: ref, voidFrom: startsOn(facts), idempotencyKey: `${ref}:cancel` };
        await billing.provider.cancelSubscription(cancellation);
      }
    },
  };
}

/** What stands in a subscription that no provider knows. */
const UNBILLED: BillingReferences = {
  provider: 'none',
  customerRef: 'none',
  subscriptionRef: 'none',
  invoiceScheduleRef: 'none',
};

async function subscribed(dependencies: Dependencies, facts: BillingFacts): Promise<BillingReferences> {
  const { customerRef } = await customer(dependencies, facts);
  return { provider: dependencies.billing.name, customerRef, ...(await subscribe(dependencies, facts, customerRef)) };
}

function startsOn({ startsAt }: BillingFacts) {
  return dateOf(new Date(startsAt));
}

function customer({ billing }: Dependencies, { tenantId, name, subscriptionId }: BillingFacts) {
  return billing.provider.ensureCustomer({ tenantId, name, idempotencyKey: `${subscriptionId}:customer` });
}

async function subscribe({ billing }: Dependencies, facts: BillingFacts, customerRef: string) {
  const { tenantId, subscriptionId, plan, quantity } = facts;
  const { subscriptionRef } = await billing.provider.ensureSubscription({
    tenantId,
    customerRef,
    plan,
    quantity,
    startsOn: startsOn(facts),
    idempotencyKey: `${subscriptionId}:subscription`,
  });
  const { interval, paymentTermDays } = plan;
  const charge = planCharge(plan, quantity);
  const { invoiceScheduleRef } = await billing.provider.ensureInvoiceSchedule({
    customerRef,
    subscriptionRef,
    invoices: invoiceSchedule({ charge, startsOn: startsOn(facts), interval, paymentTermDays }),
    idempotencyKey: `${subscriptionId}:schedule`,
  });
  await billing.provider.grantEntitlements({ customerRef, features: plan.modules });
  return { subscriptionRef, invoiceScheduleRef };
}
