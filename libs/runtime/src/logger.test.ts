import { BulkheadError, Redacted } from '@bulkhead/kernel';
import { createLogger, type LogFields, type Logger } from './logger.js';
import { nestLogger } from './nest-logger.js';

const CANARY = 'canary-7f3a9c';

function recorded(speak: (logger: Logger) => void): { text: string; lines: Record<string, unknown>[] } {
  let text = '';
  speak(createLogger({ name: 'test', level: 'trace' }, { write: (line) => void (text += line) }));
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { text, lines };
}

const asFields = (fields: object): LogFields => fields;

describe('createLogger', () => {
  it('writes allowed fields as JSON lines', () => {
    const { lines } = recorded((logger) =>
      logger.info('Answered a request.', { requestId: 'r-1', status: 202, route: '/v1/tenants' }),
    );
    expect(lines).toEqual([
      expect.objectContaining({ level: 30, name: 'test', msg: 'Answered a request.', requestId: 'r-1', status: 202 }),
    ]);
  });

  it('drops what is not on the list, at any depth, and masks secrets', () => {
    const { text, lines } = recorded((logger) => {
      logger.info('a', asFields({ patient: CANARY, body: { name: CANARY }, authorization: CANARY }));
      logger.info('b', asFields({ tenantId: { name: CANARY }, code: [CANARY] }));
      logger.info('c', asFields({ code: new Redacted(CANARY) }));
    });
    expect(text).not.toContain(CANARY);
    expect(lines[1]).toMatchObject({ tenantId: '[dropped]', code: '[dropped]' });
    expect(lines[2]).toMatchObject({ code: '[redacted]' });
  });

  it('keeps no message of a foreign error, even one that imitates a stack, and keeps its frames', () => {
    const error = new SyntaxError(`bad ${CANARY}\n    at ${CANARY} (/etc/passwd:1:1)`, { cause: new Error(CANARY) });
    const { text, lines } = recorded((logger) => logger.error('It broke.', { error }));
    expect(text).not.toContain(CANARY);
    expect(lines[0]).toMatchObject({
      error: {
        name: 'SyntaxError',
        stack: expect.arrayContaining([expect.stringContaining('logger.test.')]),
        cause: { name: 'Error' },
      },
    });
  });

  it('keeps code and public message of an expected error, without a stack', () => {
    const error = new BulkheadError({
      code: 'slug_taken',
      status: 409,
      publicMessage: 'Taken.',
      remediation: 'Choose.',
      cause: new Error(CANARY),
    });
    const { text, lines } = recorded((logger) => logger.warn('Refused.', { error }));
    expect(text).not.toContain(CANARY);
    expect(lines[0]?.['error']).toMatchObject({ name: 'BulkheadError', code: 'slug_taken', message: 'Taken.' });
    expect(lines[0]?.['error']).not.toHaveProperty('stack');
  });

  it('puts the bound fields on every line, by the same list, and what the line says before them', () => {
    let text = '';
    const bound = { tenantId: 'ten_1', epoch: 3, operation: 'Patients.list', patient: CANARY };
    const logger = createLogger({ name: 'test', bind: () => bound }, { write: (line) => void (text += line) });
    logger.info('a');
    logger.info('b', { operation: 'Claims.send' });
    expect(text).not.toContain(CANARY);
    const [first, second] = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as object);
    expect(first).toMatchObject({ tenantId: 'ten_1', epoch: 3, operation: 'Patients.list' });
    expect(second).toMatchObject({ tenantId: 'ten_1', epoch: 3, operation: 'Claims.send' });
  });

  it('does not interpret placeholders of a sentence', () => {
    const { lines } = recorded((logger) => logger.info('100 %s %o done', asFields({ code: 'x' })));
    expect(lines[0]).toMatchObject({ msg: '100 %s %o done' });
  });
});

describe('nestLogger', () => {
  it('passes the sentence and the context, drops objects and messages of errors', () => {
    const { text, lines } = recorded((logger) => {
      const nest = nestLogger(logger);
      nest.log('Mapped {/v1/tenants, POST} route', 'RouterExplorer');
      nest.error({ body: CANARY }, CANARY.repeat(9), { more: CANARY });
      nest.error(new TypeError(CANARY), 'ExceptionsHandler');
    });
    expect(text).not.toContain(CANARY);
    expect(lines[0]).toMatchObject({ msg: 'Mapped {/v1/tenants, POST} route', context: 'RouterExplorer' });
    expect(lines[2]).toMatchObject({ context: 'ExceptionsHandler', error: { name: 'TypeError' } });
  });
});
