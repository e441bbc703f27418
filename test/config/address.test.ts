import t from 'tap';
import { addressToAsk, isLoopback, parseHost, urlOf } from '../../server/config/address.ts';

t.test('a host is a name or an address, and nothing that holds more', async (t) => {
  for (const host of [
    'localhost',
    'a.example',
    '10.0.0.7',
    '::',
    '::1',
    'fe80::1%eth0',
    'my_host',
  ]) {
    t.equal(parseHost(host), host);
  }
  t.equal(parseHost('[::1]'), '::1');
  for (const wrong of ['localhost:4000', 'http://x', '*', 'a b', '[::1]:80', '-x', 'a..b', '[x]']) {
    t.throws(() => parseHost(wrong), { message: /neither a host name nor an address/ }, wrong);
  }
});

t.test('the loopback is known in every spelling', async (t) => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '0:0:0:0:0:0:0:1',
  ]) {
    t.ok(isLoopback(host), host);
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '128.0.0.1']) {
    t.notOk(isLoopback(host), host);
  }
});

t.test(
  'who listens everywhere is asked on the loopback, anybody else where it listens',
  async (t) => {
    t.equal(addressToAsk('0.0.0.0'), '127.0.0.1');
    for (const all of ['::', '::0', '0:0:0:0:0:0:0:0']) t.equal(addressToAsk(all), '::1');
    for (const host of ['10.0.0.7', '::1', 'a.example']) t.equal(addressToAsk(host), host);
  },
);

t.test('a URL has IPv6 in brackets, and says localhost for what localhost reaches', async (t) => {
  t.equal(urlOf('127.0.0.1', 4000), 'http://localhost:4000');
  t.equal(urlOf('0.0.0.0', 4000), 'http://localhost:4000');
  t.equal(urlOf('::', 4714), 'http://localhost:4714');
  t.equal(urlOf('::1', 4714), 'http://[::1]:4714');
  t.equal(urlOf('127.0.0.2', 1), 'http://127.0.0.2:1');
  t.equal(urlOf('fe80::1%eth0', 1), 'http://[fe80::1]:1');
  t.equal(urlOf('a.example', 80), 'http://a.example:80');
  for (const host of ['::', '::1', '0.0.0.0', '2001:db8::1']) t.ok(URL.canParse(urlOf(host, 1)));
});
