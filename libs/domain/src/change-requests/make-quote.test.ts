import { readFileSync } from 'node:fs';
import { parseTemplate } from '../templates/parse-template.js';
import type { TemplateKind } from '../templates/template-types.js';
import { makeQuote, type QuoteGrounds } from './make-quote.js';

function shipped<K extends TemplateKind>(kind: K, file: string) {
  return parseTemplate(
    kind,
    readFileSync(new URL(`../../../../tenant-templates/${file}`, import.meta.url), 'utf8'),
    file,
  ).body;
}
const tier = (name: string) => shipped('tier', `tiers/${name}.yaml`);
const plan = (name: string) => shipped('plan', `plans/${name}.yaml`);
const tiers = ['pooled', 'hybrid-storage', 'hybrid-database', 'dedicated'].map(tier);

const clinic = { tier: tier('pooled'), plan: plan('clinic-per-provider'), quantity: 10 };
const practice = { tier: tier('pooled'), plan: plan('practice-per-clinic'), quantity: 2 };
const enterprise = { plan: plan('enterprise-health-system'), quantity: 1 };

const grounds = (changes: Partial<QuoteGrounds> = {}): QuoteGrounds => ({
  tenantId: 'ten_1',
  region: 'us-east-1',
  current: { ...clinic, startsOn: '2026-01-01' },
  wanted: practice,
  effectiveOn: '2026-04-16',
  facts: { providers: 60, integrations: 3, regulatorySensitivity: 'high', storageGb: 100, transactionsPerDay: 60_000 },
  policy: shipped('eligibility', 'eligibility/dedicated-layers.yaml'),
  prices: shipped('price-table', 'prices/aws-estimate.yaml'),
  tiers,
  cloudQuotas: [],
  ...changes,
});

describe('a quote', () => {
  it('puts both sides next to each other', () => {
    const quote = makeQuote(grounds());
    expect(quote).toMatchObject({
      kind: 'plan',
      destructive: false,
      eligible: true,
      difference: {
        modulesAdded: ['claims', 'reporting'],
        modulesRemoved: [],
        layers: [],
        yearlyPrice: { amountMinor: (2 * 99_000 - 10 * 14_900) * 12, currency: 'USD' },
      },
      proration: {
        used: { amountMinor: 74_500 },
        credit: { amount: { amountMinor: 74_500 } },
        firstInvoice: { amountMinor: 99_000 },
      },
      move: { writePauseMs: { typical: 0, most: 0 }, durationSeconds: 0 },
      cost: { estimate: true, pricesAsOf: '2026-11-01', monthly: { amountMinor: 4400 } },
      approval: { approvals: 1 },
    });
    expect(quote.difference.quotas).toContainEqual({ name: 'clinics', from: 1, to: 2 });
  });

  it('for own layers says whether they may be had, how long it takes, and that it is a move', () => {
    const quote = makeQuote(grounds({ wanted: { ...enterprise, tier: tier('dedicated') } }));
    expect(quote).toMatchObject({ kind: 'placement', eligible: true, destructive: false });
    expect(quote.move).toEqual({ writePauseMs: { typical: 20, most: 54 }, durationSeconds: 900 + 12_500 });
    expect(quote.cost.layers.find(({ layer }) => layer === 'database')?.monthly.amountMinor).toBe(39_000 + 200 * 23);
    const small = makeQuote(grounds({ wanted: { ...enterprise, tier: tier('dedicated') }, facts: { providers: 47 } }));
    expect(small.eligible).toBe(false);
    expect(small.eligibility.rules.find(({ id }) => id === 'database.size')).toMatchObject({
      met: false,
      detail: expect.stringContaining('needs 3 more providers'),
    });
    expect(small.move.durationSeconds).toBeNull();
  });

  it('compares the tenancy models by cost, and says which may be had', () => {
    const { comparison } = makeQuote(grounds({ wanted: { ...enterprise, tier: tier('dedicated') } }));
    expect(comparison.map(({ model }) => model)).toEqual([
      'pooled',
      'hybrid-storage',
      'hybrid-database',
      'dedicated',
      'single-tenant',
    ]);
    expect(comparison.at(-1)).toMatchObject({ offered: false, eligible: true });
    expect(comparison[0]?.margin.basisPoints).toBeGreaterThan(comparison.at(-1)?.margin.basisPoints ?? Infinity);
  });

  it('recommends a tier and says why', () => {
    expect(makeQuote(grounds()).recommendation).toMatchObject({ tier: 'dedicated', unknown: [] });
    const reasons = makeQuote(grounds()).recommendation.reasons.map(({ text }) => text);
    expect(reasons).toContain(
      'database: 60000 transactions a day (at least 50000), so its load would be felt by neighbours',
    );
    const calm = makeQuote(grounds({ facts: { annualRevenueMinor: 9_000_000_000_00 } })).recommendation;
    expect(calm).toMatchObject({
      tier: 'pooled',
      reasons: [],
      unknown: ['regulatorySensitivity', 'transactionsPerDay', 'integrations'],
    });
  });

  it('asks for two people where something is lost, below the margin, and for large amounts', () => {
    const back = {
      current: { ...enterprise, tier: tier('dedicated'), startsOn: '2026-01-01' as const },
      wanted: practice,
    };
    expect(makeQuote(grounds(back))).toMatchObject({ destructive: true, approval: { approvals: 2 } });
    const thin = makeQuote(
      grounds({
        wanted: {
          ...clinic,
          quantity: 1,
          plan: { ...clinic.plan, price: { model: 'per-provider', unitAmountMinor: 5000 } },
        },
      }),
    );
    expect(thin.approval).toEqual({ approvals: 2, reasons: ['its margin of 12.00 % is below 30.00 %'] });
    const large = makeQuote(grounds({ wanted: { ...enterprise, tier: tier('pooled') } }));
    expect(large.approval.approvals).toBe(2);
  });

  it('cannot be made from a table that lacks a price, and says which', () => {
    const { prices } = grounds();
    const without = { ...prices, regions: { 'eu-central-1': prices.regions['eu-central-1']! } };
    expect(() => makeQuote(grounds({ prices: without }))).toThrow(
      expect.objectContaining({ code: 'price_missing', publicMessage: expect.stringContaining('us-east-1') }),
    );
  });

  it('is the same for the same grounds', () => {
    expect(makeQuote(grounds())).toEqual(makeQuote(grounds()));
  });
});
