import { randomBytes } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';
import fc from 'fast-check';
import { boxPrivateKey, boxPublicKey, openSealed, sealFor } from './sealed-box.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const seed = bytes(32).map((one) => new Redacted(one));
const message = fc.uint8Array({ maxLength: 200 });

describe('a sealed box', () => {
  it('opens for its recipient and its label, whatever is in it', () => {
    fc.assert(
      fc.property(seed, message, fc.string(), (owner, text, label) => {
        const key = boxPrivateKey(owner);
        const sealed = sealFor(boxPublicKey(key), new Redacted(text), label);
        expect(Buffer.from(openSealed(key, sealed, label).reveal())).toEqual(Buffer.from(text));
      }),
    );
  });

  it('opens for nobody else, with no other label, and not after one bit was changed', () => {
    fc.assert(
      fc.property(seed, seed, message, fc.nat(), (owner, other, text, place) => {
        fc.pre(Buffer.compare(owner.reveal(), other.reveal()) !== 0);
        const key = boxPrivateKey(owner);
        const sealed = sealFor(boxPublicKey(key), new Redacted(text), 'home a');
        const changed = Buffer.from(sealed);
        const at = place % changed.length;
        changed[at] = (changed[at] ?? 0) ^ 1;
        const unreadable = expect.objectContaining({ code: 'sealed_box_unreadable' });
        expect(() => openSealed(boxPrivateKey(other), sealed, 'home a')).toThrow(unreadable);
        expect(() => openSealed(key, sealed, 'home b')).toThrow(unreadable);
        expect(() => openSealed(key, changed, 'home a')).toThrow(unreadable);
        expect(() => openSealed(key, sealed.subarray(0, at), 'home a')).toThrow(unreadable);
      }),
    );
  });

  it('never looks the same twice, nor shows what is in it', () => {
    const recipient = boxPublicKey(boxPrivateKey(new Redacted<Uint8Array>(randomBytes(32))));
    const text = new Redacted<Uint8Array>(Buffer.from('a secret of thirty-two bytes ...'));
    const [one, two] = [sealFor(recipient, text, 'x'), sealFor(recipient, text, 'x')];
    expect(one.equals(two)).toBe(false);
    expect(one.includes('secret')).toBe(false);
  });

  it.each(['', 'AAAA', 'not base64!', `${'A'.repeat(43)}=`])('refuses the recipient %j', (recipient) => {
    expect(() => sealFor(recipient, new Redacted(new Uint8Array(1)), 'x')).toThrow(
      expect.objectContaining({ code: 'invalid_box_recipient' }),
    );
  });
});
