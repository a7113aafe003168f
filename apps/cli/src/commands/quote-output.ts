import type { ComparedModelView, QuoteView } from '@bulkhead/client';
import { money } from '../output/money.js';
import { printList, printOne, time, version, type Shape } from '../output/print.js';
import type { Session } from '../session.js';

type Amount = QuoteView['to']['price'];
const amount = ({ amountMinor, currency }: Amount): string => money(amountMinor, currency);
const percent = (basisPoints: number | null): string =>
  basisPoints === null ? '' : `${(basisPoints / 100).toFixed(1)} %`;
const offer = ({ tier, plan, quantity, price, interval }: QuoteView['to']): string =>
  `${version(plan)} x ${quantity} on ${version(tier)}, ${amount(price)} a ${interval}`;

const QUOTE: Shape<QuoteView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    HASH: ({ hash }) => hash,
    KIND: ({ kind }) => kind,
    FROM: ({ from }) => offer(from),
    TO: ({ to }) => offer(to),
    EFFECTIVE: ({ effectiveOn }) => effectiveOn,
    'MODULES +': ({ difference }) => difference.modulesAdded.join(', '),
    'MODULES -': ({ difference }) => difference.modulesRemoved.join(', '),
    QUOTAS: ({ difference }) => difference.quotas.map(({ name, from, to }) => `${name} ${from} to ${to}`).join(', '),
    LAYERS: ({ difference }) => difference.layers.map(({ layer, from, to }) => `${layer} ${from} to ${to}`).join(', '),
    'A YEAR': ({ difference }) => amount(difference.yearlyPrice),
    'GIVEN BACK': ({ proration }) =>
      `${amount(proration.credit.amount)} of ${amount(proration.invoiced)} since ${proration.period.periodStart}`,
    'FIRST INVOICE': ({ proration }) =>
      `${amount(proration.firstInvoice)}; ${amount(proration.dueFirst)} after the credit`,
    'COST (EST.)': ({ cost }) =>
      `${amount(cost.monthly)} a month, prices of ${cost.pricesAsOf} (${version(cost.priceTable)})`,
    MARGIN: ({ cost }) => `${amount(cost.margin.monthly)} a month, ${percent(cost.margin.basisPoints)}`,
    'WRITE PAUSE': ({ move }) => `${move.writePauseMs.typical} ms, at most ${move.writePauseMs.most} ms`,
    'TAKES (S)': ({ move }) => move.durationSeconds,
    ELIGIBLE: ({ eligible }) => (eligible ? 'yes' : 'no'),
    MISSING: ({ eligibility }) =>
      eligibility.rules
        .filter(({ met }) => !met)
        .map(({ layer, detail }) => `own ${layer}: ${detail}`)
        .join('; '),
    'CLOUD QUOTAS': ({ cloudQuotas }) => cloudQuotas.map(({ says }) => says).join('; '),
    APPROVALS: ({ approval }) => `${approval.approvals}: ${approval.reasons.join('; ')}`,
    'HOLDS UNTIL': ({ expiresAt }) => time(expiresAt),
  },
};

const MODEL: Shape<ComparedModelView> = {
  name: ({ model }) => model,
  columns: {
    MODEL: ({ model }) => model,
    'COST A MONTH': ({ monthlyCost }) => amount(monthlyCost),
    'COST A YEAR': ({ yearlyCost }) => amount(yearlyCost),
    MARGIN: ({ margin }) => percent(margin.basisPoints),
    ELIGIBLE: ({ eligible }) => (eligible ? 'yes' : 'no'),
    OFFERED: ({ offered }) => (offered ? 'yes' : 'no'),
  },
};

export function printQuote(session: Session, quote: QuoteView): void {
  printOne(session, quote, QUOTE);
  if (session.options.output !== 'table') return;
  session.terminal.stdout.write('\n');
  printList(session, quote.comparison, MODEL);
}
