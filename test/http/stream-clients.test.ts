import t from 'tap';
import { newClient, type StreamSocket } from '../../server/http/stream-client.ts';
import { createStreamClients } from '../../server/http/stream-clients.ts';

const socket = {} as StreamSocket;
const from = (address: string) => newClient(socket, address, true, { now: 0, endsAt: 1 });

t.test('there is room for so many from one address, and for so many in all', async (t) => {
  const clients = createStreamClients({ clients: 3, perAddress: 2 });
  const first = from('a');
  for (const client of [first, from('a')]) clients.add(client);
  t.same([clients.admits('a'), clients.admits('b')], [false, true]);
  clients.add(from('b'));
  t.notOk(clients.admits('b'), 'all places are taken');
  clients.remove(first);
  t.same([clients.admits('a'), clients.admits('b'), clients.size()], [true, true, 2]);
});

t.test('a client is removed once, however often that is asked for', async (t) => {
  const clients = createStreamClients({ clients: 9, perAddress: 2 });
  const [one, other] = [from('a'), from('a')];
  clients.add(one);
  clients.add(other);
  clients.remove(one);
  clients.remove(one);
  t.same([one.gone, other.gone, [...clients].length], [true, false, 1]);
  clients.add(from('a'));
  t.notOk(clients.admits('a'));
});
