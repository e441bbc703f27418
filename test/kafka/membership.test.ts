import t from 'tap';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { membershipContract } from './membership-contract.ts';

t.test('membership on the embedded broker', async (t) => {
  const { address } = await withDevBroker(t);
  membershipContract(t, address);
});
