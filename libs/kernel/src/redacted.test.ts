import { format, inspect } from 'node:util';
import { Redacted } from './redacted.js';

describe('Redacted', () => {
  const canary = 'canary-7f3a';
  const secret = new Redacted(canary);

  it.each([
    ['JSON', () => JSON.stringify({ secret })],
    ['string joining', () => [secret].join('')],
    ['inspect', () => inspect({ deep: [secret] }, { depth: 9, showHidden: true })],
    ['console formatting', () => format('%o %s %j', secret, secret, secret)],
    ['spreading', () => JSON.stringify({ ...secret })],
  ])('does not show its value through %s', (_, print) => {
    expect(print()).not.toContain(canary);
  });

  it('gives the value to whoever asks for it by name', () => {
    expect(secret.reveal()).toBe(canary);
  });
});
