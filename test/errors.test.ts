import t from 'tap';
import { ConfigError, isRetriable, PermanentError, TransientError } from '../server/errors.ts';

t.test('an error says itself whether trying again can help', async (t) => {
  t.equal(isRetriable(new TransientError('busy')), true);
  t.equal(isRetriable(new PermanentError('no such customer')), false);
});

t.test('a programmer error is never retried, an unknown one may pass', async (t) => {
  t.equal(isRetriable(new TypeError('x is not a function')), false);
  t.equal(isRetriable(new Error('ECONNRESET')), true);
  t.equal(isRetriable('thrown text'), false);
  t.equal(isRetriable(undefined), false);
});

t.test('a configuration error lists every fault', async (t) => {
  const error = new ConfigError(['PORT is not a port', 'HOST is empty']);
  t.match(error.message, /PORT is not a port\n.*HOST is empty/);
});
