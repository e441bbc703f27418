import t from 'tap';
import { adviceOn } from '../../client/src/advice.ts';
import { INITIAL } from '../../client/src/feed-state.ts';
import { incidentOf } from '../../client/src/incident.ts';
import { fromSnapshot } from '../../client/src/store.ts';
import { aSnapshot, aStatus } from '../fixtures/snapshot.ts';

t.test('the state of things fits into a message', async (t) => {
  const reasons = ['orders[2] has stopped: damaged batch', 'restoring partitions 1'];
  const stopped = [{ partition: 2, reason: 'damaged batch' }];
  const status = aStatus({ phase: 'not-ready', reasons, stopped });
  const model = fromSnapshot(aSnapshot({ at: Date.UTC(2026, 0, 1), status }));
  const feed = { ...INITIAL, transport: 'live' as const, model, advancedAt: 0, heardAt: 0 };
  t.equal(
    incidentOf('Stopped', adviceOn('stopped', feed, 0), model, 'http://localhost:4000/'),
    [
      '**Stopped** at 2026-01-01T00:00:00.000Z (orders → order-consumer-group)',
      '- orders[2] has stopped: damaged batch.',
      '- restoring partitions 1.',
      '- lag 19, 39 orders/s, 4 waiting, 23 dead letters',
      'http://localhost:4000/',
    ].join('\n'),
  );
});
