import t from 'tap';
import { prefersExposition, weightOf } from '../../server/http/accept.ts';

t.test('the Prometheus text goes to who prefers it', async (t) => {
  t.ok(prefersExposition('text/plain'));
  t.ok(prefersExposition('text/*'));
  t.ok(prefersExposition('application/openmetrics-text; version=1.0.0'));
  t.ok(prefersExposition('application/json;q=0.5, text/plain'));
  // What a Prometheus server sends.
  t.ok(
    prefersExposition(
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,' +
        'application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,' +
        'text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    ),
  );
});

t.test('JSON goes to everyone else', async (t) => {
  t.notOk(prefersExposition(undefined));
  t.notOk(prefersExposition(''));
  t.notOk(prefersExposition('*/*'));
  t.notOk(prefersExposition('application/json'));
  t.notOk(prefersExposition('application/json, text/plain, */*'), 'what axios sends');
  t.notOk(
    prefersExposition('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'),
    'what a browser sends',
  );
  t.notOk(prefersExposition('image/png'));
  t.notOk(prefersExposition('text/plain;q=0'));
  t.notOk(prefersExposition('text/plain;q=nonsense'));
});

t.test('the closest range decides, not the greatest weight', async (t) => {
  t.equal(weightOf('text/event-stream;q=0, */*', 'text/event-stream'), 0);
  t.equal(weightOf('*/*;q=0.9, text/*;q=0.2', 'text/event-stream'), 0.2);
  t.equal(weightOf('TEXT/Event-Stream', 'text/event-stream'), 1);
});
