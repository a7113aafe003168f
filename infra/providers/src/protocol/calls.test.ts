import { EventEmitter } from 'node:events';
import { Calls, callSignal } from './calls.js';

class Call extends EventEmitter {
  cancelled = false;
  cancel(): void {
    this.cancelled = true;
    this.emit('cancelled');
  }
}

const URN = 'urn:pulumi:s::bulkhead::aws:sqs/queue:Queue::q';
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('the work of a call learns that its engine is gone', async () => {
  const call = new Call();
  const working = new Calls().change(URN, call, () => aborted(callSignal()!));
  await Promise.resolve();
  call.cancel();
  await expect(working).rejects.toMatchObject({ code: 'caller_gone' });
});

test('a call whose engine was gone before its turn does nothing', async () => {
  const call = new Call();
  call.cancel();
  let worked = false;
  const working = new Calls().change(URN, call, async () => void (worked = true));
  await expect(working).rejects.toMatchObject({ code: 'caller_gone' });
  expect(worked).toBe(false);
});

test('a later call on a resource ends the earlier one, and begins when that has ended', async () => {
  const calls = new Calls();
  const lastRequest = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const happened: string[] = [];
  const earlier = calls.change(URN, new Call(), async () => {
    const signal = callSignal()!;
    started.resolve();
    await lastRequest.promise;
    happened.push(signal.aborted ? 'earlier told to end' : 'earlier not told');
  });
  await started.promise;
  const later = calls.change(URN, new Call(), async () => void happened.push('later'));
  await calls.change(`${URN}-other`, new Call(), async () => void happened.push('other resource'));
  lastRequest.resolve();
  await Promise.all([earlier, later]);
  expect(happened).toEqual(['other resource', 'earlier told to end', 'later']);
});

test('a failure of the earlier call does not reach the later one', async () => {
  const calls = new Calls();
  const started = Promise.withResolvers<void>();
  const earlier = calls.change(URN, new Call(), () => {
    started.resolve();
    return Promise.reject(new Error('refused'));
  });
  await started.promise;
  const later = calls.change(URN, new Call(), async () => 'made');
  await expect(earlier).rejects.toThrow('refused');
  await expect(later).resolves.toBe('made');
});
