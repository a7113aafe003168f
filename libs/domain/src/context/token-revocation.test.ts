import { revokes, type TokenRevocation } from './token-revocation.js';

const token = { id: 'tok_1', tenantId: 'ten_1', subject: 'ada', issuedAt: 100 };
const all: TokenRevocation = { tenantId: 'ten_1', tokenId: null, subject: null, issuedUpTo: 100 };

describe('a revocation', () => {
  it.each<[string, Partial<TokenRevocation>, boolean]>([
    ['of a tenant means what was issued until then', {}, true],
    ['of a tenant does not mean what was issued later', { issuedUpTo: 99 }, false],
    ['of another tenant does not mean it', { tenantId: 'ten_2' }, false],
    ['of its subject means it', { subject: 'ada' }, true],
    ['of another subject does not', { subject: 'eve' }, false],
    ['of its subject does not mean what was issued later', { subject: 'ada', issuedUpTo: 99 }, false],
    ['of the token means it, whenever it was issued', { tokenId: 'tok_1', issuedUpTo: null }, true],
    ['of another token does not', { tokenId: 'tok_2', issuedUpTo: null }, false],
    ['of a token of that id, in the name of another tenant, does not', { tenantId: 'ten_2', tokenId: 'tok_1' }, false],
    ['that names no time means every token', { issuedUpTo: null }, true],
  ])('%s', (_, change, meant) => {
    expect(revokes({ ...all, ...change }, token)).toBe(meant);
  });
});
