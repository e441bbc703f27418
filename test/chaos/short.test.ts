// A few of the faults in every `npm test`; all of them by `npm run test:chaos`.
import t from 'tap';
import { withKafkaInstallation } from '../fixtures/apache-kafka.ts';
import { withKcat } from '../fixtures/kcat.ts';
import { createRunner } from './runner.ts';
import { scenarios } from './scenarios/index.ts';

const chosen = [
  'kill-at-failpoints-at-once',
  'repeat-dead-letter-over-owner-change',
  'retention-cuts-unread',
  'orders-recreated-while-running',
];
const TIMEOUT_MS = 600_000;

t.setTimeout(TIMEOUT_MS);
t.test('after faults on Apache Kafka the numbers equal the facts', async (t) => {
  if ((await withKafkaInstallation(t)) === undefined) return;
  if ((await withKcat(t, '')) === undefined) return;
  const seed = Math.floor(Math.random() * 1e6);
  const runner = createRunner({ long: false });
  t.teardown(() => runner.close());
  t.jobs = 2;
  for (const scenario of scenarios.filter(({ name }) => chosen.includes(name))) {
    t.test(scenario.name, { buffered: true }, async (t) => {
      const { violation, audited } = await runner.run(scenario, seed);
      t.equal(violation, null, `seed ${seed}, ${JSON.stringify(audited)}`);
    });
  }
});
