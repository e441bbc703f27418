import t from 'tap';
import { abortable, createAbort } from '../../server/log/abortable.ts';

t.test('any number may wait for one signal without a warning', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  const abort = createAbort();
  const never = new Promise<void>(() => {});
  const waits = Array.from({ length: 50 }, () => abortable(abort.signal, never));
  const ended = Promise.allSettled(waits);
  abort.abort(new Error('enough'));
  t.equal((await ended).filter(({ status }) => status === 'rejected').length, 50);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(warnings, []);
});

t.test('what comes before the abort is the result', async (t) => {
  const abort = createAbort();
  t.equal(await abortable(abort.signal, Promise.resolve(1)), 1);
  await t.rejects(abortable(abort.signal, Promise.reject(new Error('no'))), { message: 'no' });
});
