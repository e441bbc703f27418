import t from 'tap';
import { eventFrame, lastChunk, retryFrame } from '../../server/http/event-frame.ts';

t.test('a frame is one chunk that holds one event', async (t) => {
  t.equal(retryFrame.chunked.toString(), 'd\r\nretry: 1000\n\n\r\n');
  t.equal(
    eventFrame('delta', '17-4', '{"seq":4}').chunked.toString(),
    '27\r\nevent: delta\nid: 17-4\ndata: {"seq":4}\n\n\r\n',
  );
  t.equal(lastChunk.toString(), '0\r\n\r\n');
});

t.test('the length of a chunk counts bytes, not characters', async (t) => {
  const frame = eventFrame('delta', '1-1', '"žluťoučký 🐎"').chunked.toString('latin1');
  const [length = '', ...rest] = frame.split('\r\n');
  t.equal(Number.parseInt(length, 16), rest[0]?.length);
});

t.test('without chunks it is the event alone, in the same memory', async (t) => {
  const { chunked, plain } = eventFrame('delta', '1-1', '"žluťoučký 🐎"');
  t.equal(plain.toString(), 'event: delta\nid: 1-1\ndata: "žluťoučký 🐎"\n\n');
  t.equal(plain.buffer, chunked.buffer);
});
