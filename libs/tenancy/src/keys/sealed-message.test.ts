import { createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { keyNameOf, openMessage, sealMessage } from './sealed-message.js';

const unreadable = expect.objectContaining({ code: 'tenant_message_unreadable', status: 422 });
const key = randomBytes(32);
const name = { bindingId: 'bnd_000102030405060708090a0b0c0d0e0f', version: 7 };
const use = { tenantId: 'ten_a', purpose: 'patient.ssn' };

it('reads what it wrote, for any text, tenant and purpose', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.string(), (text, tenantId, purpose) => {
      const message = sealMessage(name, key, { tenantId, purpose }, text);
      expect(message).toHaveLength(text.length + 52);
      expect(keyNameOf(message)).toEqual(name);
      expect(openMessage(key, { tenantId, purpose }, message)).toEqual(Buffer.from(text));
    }),
  );
});

it('is the documented format: any implementation of AES-GCM reads it', () => {
  const nonce = Buffer.alloc(12, 9);
  const message = sealMessage(name, key, use, Buffer.from('hello'), nonce);
  expect(message.toString('hex', 0, 36)).toBe(
    `42484501000102030405060708090a0b0c0d0e0f00000007${nonce.toString('hex')}`,
  );
  const text = (value: string) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(Buffer.concat([message.subarray(0, 24), text(use.tenantId), text(use.purpose)]));
  decipher.setAuthTag(message.subarray(-16));
  expect(Buffer.concat([decipher.update(message.subarray(36, -16)), decipher.final()]).toString()).toBe('hello');
});

it('opens for no other tenant or purpose, however the two are cut', () => {
  const message = sealMessage(name, key, { tenantId: 'ten_a', purpose: 'b.c' }, Buffer.from('x'));
  for (const other of [
    { tenantId: 'ten_b', purpose: 'b.c' },
    { tenantId: 'ten_a', purpose: 'b.d' },
    { tenantId: 'ten_ab', purpose: '.c' },
    { tenantId: 'ten_', purpose: 'ab.c' },
  ]) {
    expect(() => openMessage(key, other, message)).toThrow(unreadable);
  }
  expect(() => openMessage(randomBytes(32), { tenantId: 'ten_a', purpose: 'b.c' }, message)).toThrow(unreadable);
});

it('does not open after any one bit was changed, the key version among them, nor when it was cut', () => {
  const message = sealMessage(name, key, use, Buffer.from('dose: 5 mg'));
  for (let bit = 0; bit < message.length * 8; bit++) {
    const changed = Buffer.from(message);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const open = () => {
      keyNameOf(changed);
      return openMessage(key, use, changed);
    };
    expect(open).toThrow(unreadable);
  }
  for (let length = 0; length < message.length; length++) {
    const open = () => {
      keyNameOf(message.subarray(0, length));
      return openMessage(key, use, message.subarray(0, length));
    };
    expect(open).toThrow(unreadable);
  }
});

it('never uses a nonce twice in twenty thousand messages', () => {
  const nonces = new Set<string>();
  for (let i = 0; i < 20_000; i++) nonces.add(sealMessage(name, key, use, Buffer.of(1)).toString('latin1', 24, 36));
  expect(nonces.size).toBe(20_000);
});
