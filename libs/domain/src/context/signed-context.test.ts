import { createHash } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';
import fc from 'fast-check';
import { contextKeyPads, isSignedContext, parseContext, signContext, type ContextKey } from './signed-context.js';

const secret = fc.uint8Array({ minLength: 32, maxLength: 64 });
const key = fc.record({
  id: fc.stringMatching(/^[a-z0-9]{1,16}$/),
  secret: secret.map((bytes) => new Redacted(bytes)),
});
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const claims = fc.record({
  tenantId: name,
  home: name,
  epoch: fc.integer({ min: 1, max: 9_999_999_999_999 }),
  expiresAt: fc.integer({ min: 1, max: 9_999_999_999 }),
});

describe('signed context', () => {
  it('reads back what was signed, for any claims', () => {
    fc.assert(
      fc.property(key, claims, (signer, wanted) => {
        const text = signContext(signer, wanted);
        expect(parseContext(text)).toMatchObject({ ...wanted, keyId: signer.id });
        expect(isSignedContext(signer, text, wanted.expiresAt * 1000 - 1)).toBe(true);
        expect(isSignedContext(signer, text, wanted.expiresAt * 1000)).toBe(false);
      }),
    );
  });

  it('is not believed after any one character was changed', () => {
    fc.assert(
      fc.property(key, claims, fc.nat(), fc.constantFrom(...'abcdef0123456789._'), (signer, wanted, at, other) => {
        const text = signContext(signer, wanted);
        const place = at % text.length;
        fc.pre(text[place] !== other);
        const changed = text.slice(0, place) + other + text.slice(place + 1);
        let believed: boolean;
        try {
          believed = isSignedContext(signer, changed, 0);
        } catch {
          believed = false;
        }
        expect(believed).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('is what the database computes from the pads: sha256(outer ‖ sha256(inner ‖ message))', () => {
    fc.assert(
      fc.property(key, claims, (signer, wanted) => {
        const { inner, outer } = contextKeyPads(signer);
        const text = signContext(signer, wanted);
        const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
        const mac = sha256(outer, sha256(inner, Buffer.from(text.slice(0, -65))));
        expect(mac.toString('hex')).toBe(parseContext(text).mac);
      }),
    );
  });

  it('two different sets of claims never give one text', () => {
    const signer: ContextKey = { id: 'k1', secret: new Redacted(new Uint8Array(32)) };
    fc.assert(
      fc.property(claims, claims, (one, two) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(two));
        expect(signContext(signer, one)).not.toBe(signContext(signer, two));
      }),
    );
  });

  it('refuses claims that would change the shape of the text, without quoting them', () => {
    const signer: ContextKey = { id: 'k1', secret: new Redacted(new Uint8Array(32)) };
    const good = { tenantId: 'ten_1', home: 'cel_1', epoch: 1, expiresAt: 10 };
    const bad = [
      { tenantId: 'ten_1.cel_2' },
      { tenantId: '' },
      { home: "cel'1" },
      { home: 'cel\n1' },
      { epoch: 0 },
      { epoch: -1 },
      { epoch: 1.5 },
      { epoch: Number.NaN },
      { epoch: 1e21 },
      { expiresAt: Infinity },
    ];
    for (const change of bad) {
      expect(() => signContext(signer, { ...good, ...change })).toThrow(
        expect.objectContaining({ code: 'invalid_context', publicMessage: 'A signed tenant context is malformed.' }),
      );
    }
    expect(() => signContext({ ...signer, id: 'K.1' }, good)).toThrow(
      expect.objectContaining({ code: 'invalid_context' }),
    );
  });

  it('refuses short secrets and keeps them out of sight', () => {
    const short: ContextKey = { id: 'k1', secret: new Redacted(new Uint8Array(31)) };
    expect(() => contextKeyPads(short)).toThrow(expect.objectContaining({ code: 'invalid_context_key' }));
    expect(JSON.stringify({ key: short })).toContain('[redacted]');
  });
});
