import t from 'tap';
import { eventFrame, lastFrame, retryFrame } from '../../server/http/event-frame.ts';

t.test('a frame is one chunk that holds one event', async (t) => {
  t.equal(retryFrame.toString(), 'd\r\nretry: 1000\n\n\r\n');
  t.equal(
    eventFrame('delta', '17-4', '{"seq":4}').toString(),
    '27\r\nevent: delta\nid: 17-4\ndata: {"seq":4}\n\n\r\n',
  );
  t.equal(lastFrame.toString(), '0\r\n\r\n');
});

t.test('the length of a chunk counts bytes, not characters', async (t) => {
  const frame = eventFrame('delta', '1-1', '"žluťoučký 🐎"').toString('latin1');
  const [length = '', ...rest] = frame.split('\r\n');
  t.equal(Number.parseInt(length, 16), rest[0]?.length);
});
