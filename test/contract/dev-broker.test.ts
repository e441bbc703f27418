// The contract on the embedded broker, which keeps its data in a folder as it does by default.
import t from 'tap';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { withKcat } from '../fixtures/kcat.ts';
import { contract } from './contract.ts';

// Far above what it takes, for machines that have much else to do.
const timeout = 600_000;
t.setTimeout(timeout);

t.test('on the embedded broker', { timeout }, async (t) => {
  const { address: brokers } = await withDevBroker(t, t.testdir({}));
  const kcat = await withKcat(t, brokers);
  if (kcat === undefined) return;
  await t.test('many services at once', { jobs: 3, timeout }, async (t) => {
    contract(t, { brokers, kcat });
  });
});
