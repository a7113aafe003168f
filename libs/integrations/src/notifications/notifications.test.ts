import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redacted } from '@bulkhead/kernel';
import { SmtpCatcher } from '../testing/smtp-catcher.js';
import { UndeliverableError } from './channel.js';
import { EmailChannel } from './email.js';
import { webhookHeaders } from './webhook-signature.js';
import { WebhookChannel } from './webhook.js';

const SECRET = new Redacted('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');

describe('a signed webhook', () => {
  const received: { headers: IncomingMessage['headers']; body: string }[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(status, { location: '/elsewhere' }).end('answer');
    });
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => (received.length = 0));
  const channel = () => new WebhookChannel(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, SECRET);
  const notification = { id: 'ntf_1', recipient: null, message: { type: 'change_request.approved' } };

  it('is signed as the published test vector of Standard Webhooks', () => {
    const headers = webhookHeaders(SECRET, {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    });
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('arrives with headers that the receiver can verify', async () => {
    status = 204;
    await channel().send(notification);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
    expect([id, JSON.parse(body)]).toEqual(['ntf_1', notification.message]);
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(30);
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const wanted = createHmac('sha256', key)
      .update(`${String(id)}.${String(timestamp)}.${body}`)
      .digest('base64');
    expect(signature).toBe(`v1,${wanted}`);
  });

  it.each([302, 400, 500])('is tried again after %s, and follows nobody elsewhere', async (answer) => {
    status = answer;
    await expect(channel().send(notification)).rejects.toThrow(`answered ${answer}`);
    expect(received).toHaveLength(1);
  });

  it('is given up when the address is gone for good', async () => {
    status = 410;
    await expect(channel().send(notification)).rejects.toBeInstanceOf(UndeliverableError);
  });
});

describe('an e-mail', () => {
  let smtp: SmtpCatcher;
  beforeAll(async () => {
    smtp = await SmtpCatcher.start();
  });
  afterAll(() => smtp.stop());
  const channel = () => new EmailChannel(new Redacted(smtp.url), 'bulkhead@vendor.example');
  const mail = (recipient: string | null, subject = 'Your change request was approved') => ({
    id: 'ntf_2',
    recipient,
    message: { subject, text: 'It was approved.\n' },
  });

  it('arrives as plain text', async () => {
    await channel().send(mail('ada@clinic.example'));
    expect(smtp.mails.at(-1)).toMatchObject({ from: '<bulkhead@vendor.example>', to: '<ada@clinic.example>' });
    expect(smtp.mails.at(-1)?.data).toContain('Subject: Your change request was approved');
    expect(smtp.mails.at(-1)?.data).toContain('It was approved.');
  });

  it('carries no header that somebody smuggled into its subject or address', async () => {
    await channel().send(mail('ada@clinic.example', 'Hi\r\nBcc: all@clinic.example'));
    expect(smtp.mails.at(-1)?.data).not.toMatch(/^Bcc:/m);
    expect(smtp.mails.at(-1)?.to).toBe('<ada@clinic.example>');
  });

  it('is given up when the server refuses it for good, and tried again when it is busy', async () => {
    smtp.refuseWith = '550 no such user';
    await expect(channel().send(mail('nobody@clinic.example'))).rejects.toBeInstanceOf(UndeliverableError);
    smtp.refuseWith = '451 later';
    const busy = await channel()
      .send(mail('ada@clinic.example'))
      .catch((error: unknown) => error);
    expect(busy).toBeInstanceOf(Error);
    expect(busy).not.toBeInstanceOf(UndeliverableError);
    smtp.refuseWith = undefined;
    await expect(channel().send(mail(null))).rejects.toBeInstanceOf(UndeliverableError);
  });
});
