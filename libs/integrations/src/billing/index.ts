export * from './port.js';
export * from './ledger/ledger-billing.js';
export * from './stripe/stripe-billing.js';
export * from './stripe/stripe-webhook.js';
