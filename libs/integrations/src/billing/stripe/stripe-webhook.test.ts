import { createHmac } from 'node:crypto';
import { verifyWebhook } from './stripe-webhook.js';

const secret = 'whsec_test_canary';
const body = JSON.stringify({
  id: 'evt_1MqqbKLt4dXK03v5qaIbiNCC',
  object: 'event',
  type: 'invoice.payment_failed',
  created: 1_680_064_028,
  data: { object: { id: 'in_1', object: 'invoice' } },
});

/** `Stripe-Signature` as documented: HMAC-SHA256 over timestamp, a dot and the body. */
function sign(text: string, at = Math.floor(Date.now() / 1000), key = secret): string {
  return `t=${at},v1=${createHmac('sha256', key).update(`${at}.${text}`).digest('hex')}`;
}

describe('a webhook delivery', () => {
  it('is read when Stripe signed exactly these bytes', () => {
    expect(verifyWebhook(Buffer.from(body), sign(body), secret)).toEqual({
      id: 'evt_1MqqbKLt4dXK03v5qaIbiNCC',
      type: 'invoice.payment_failed',
      createdAt: new Date('2023-03-29T04:27:08Z'),
      object: { id: 'in_1', object: 'invoice' },
    });
  });

  const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
  it.each([
    ['without a signature', body, undefined],
    ['with an empty signature', body, ''],
    ['with a signature that is none', body, 't=now,v1=zz'],
    ['signed with another secret', body, sign(body, undefined, 'whsec_other')],
    ['whose body was changed', body.replace('in_1', 'in_2'), sign(body)],
    ['whose body was parsed and written again', JSON.stringify(JSON.parse(body), undefined, 1), sign(body)],
    ['that is an hour old', body, sign(body, anHourAgo)],
    ['that is signed and no event', 'canary', sign('canary')],
  ])('%s is refused without a word of it', (_what, text, signature) => {
    const verify = () => verifyWebhook(text, signature, secret);
    expect(verify).toThrow(expect.objectContaining({ code: 'webhook_signature_invalid', status: 400 }));
    expect(verify).not.toThrow('canary');
  });
});
