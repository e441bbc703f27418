import t from 'tap';
import { preferredFormat, weightOf } from '../../server/http/accept.ts';

t.test('the Prometheus text goes to who prefers it', async (t) => {
  t.equal(preferredFormat('text/plain'), 'text');
  t.equal(preferredFormat('text/*'), 'text');
  t.equal(preferredFormat('application/json;q=0.5, text/plain'), 'text');
});

t.test('OpenMetrics goes to who asks for it, and to nobody else', async (t) => {
  t.equal(preferredFormat('application/openmetrics-text; version=1.0.0'), 'openMetrics');
  // What a Prometheus server sends.
  const scrape =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,' +
    'application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,' +
    'text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
  t.equal(preferredFormat(scrape), 'openMetrics');
  t.equal(preferredFormat('application/openmetrics-text;q=0.1, text/plain'), 'text');
});

t.test('JSON goes to everyone else', async (t) => {
  const axios = 'application/json, text/plain, */*';
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const others = ['', '*/*', 'application/json', axios, browser, 'image/png', 'application/*'];
  for (const accept of [undefined, ...others, 'text/plain;q=0', 'text/plain;q=nonsense']) {
    t.equal(preferredFormat(accept), 'json', String(accept));
  }
});

t.test('the closest range decides, not the greatest weight', async (t) => {
  t.equal(weightOf('text/event-stream;q=0, */*', 'text/event-stream'), 0);
  t.equal(weightOf('*/*;q=0.9, text/*;q=0.2', 'text/event-stream'), 0.2);
  t.equal(weightOf('TEXT/Event-Stream', 'text/event-stream'), 1);
});
