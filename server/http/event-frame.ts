// Server-sent events as bytes on the wire, encoded once for all clients.

/** One event, or a line of the protocol, for both kinds of connection: the same bytes, with and without. */
export type Frame = {
  /** A chunk of a chunked HTTP/1.1 answer. */
  readonly chunked: Buffer;
  /** For HTTP/1.0, which knows no chunks. */
  readonly plain: Buffer;
};

/** The first bytes of every stream: a browser tries again after one second. */
export const retryFrame = frame('retry: 1000\n\n');

/** The chunk that ends an answer. */
export const lastChunk = Buffer.from('0\r\n\r\n');

/** One event. `id` and `event` are ours; `json` is one line, as JSON.stringify gives it. */
export function eventFrame(event: string, id: string, json: string): Frame {
  return frame(`event: ${event}\nid: ${id}\ndata: ${json}\n\n`);
}

function frame(text: string): Frame {
  const length = `${Buffer.byteLength(text).toString(16)}\r\n`;
  const chunked = Buffer.from(`${length}${text}\r\n`);
  return { chunked, plain: chunked.subarray(length.length, -2) };
}
