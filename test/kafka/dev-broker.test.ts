import t from 'tap';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { logContract } from './log-contract.ts';

t.test('the log contract on the embedded broker', async (t) => {
  const { address: brokers } = await withDevBroker(t);
  logContract(t, { brokers });
});
