// Server-sent events as bytes on the wire of a chunked HTTP/1.1 answer, encoded once for all clients.

/** The first bytes of every stream: a browser tries again after one second. */
export const retryFrame = chunk('retry: 1000\n\n');

/** The chunk that ends an answer. */
export const lastFrame = Buffer.from('0\r\n\r\n');

/** One event. `id` and `event` are ours; `json` is one line, as JSON.stringify gives it. */
export function eventFrame(event: string, id: string, json: string): Buffer {
  return chunk(`event: ${event}\nid: ${id}\ndata: ${json}\n\n`);
}

function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}
