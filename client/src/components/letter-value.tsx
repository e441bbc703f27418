import type { Bytes, LetterDetail, WriterShown } from '../../../server/http/contract-letters.ts';
import { count } from '../format.ts';
import { bytesOf, hexLines, SHOWN_BYTES, startFor } from '../hex.ts';
import { schemaWords } from '../schema-words.ts';
import { Name } from './name.tsx';

/** The value in the terms of its schema, as far as that goes. */
export function Decoded({ letter: { decoded } }: { letter: LetterDetail }) {
  return (
    <section>
      <h3>Decoded as {decoded.schema}</h3>
      {decoded.writer !== null && <Writer writer={decoded.writer} />}
      <dl class="fields">
        {decoded.fields.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Name text={typeof value === 'string' ? value : JSON.stringify(value)} />
            </dd>
          </div>
        ))}
      </dl>
      {decoded.fault !== null && (
        <p class="text-danger">
          <Name text={decoded.fault} />
          {decoded.stoppedAt !== null && ` (stopped at byte ${count(decoded.stoppedAt)})`}
        </p>
      )}
    </section>
  );
}

/** The schema that the value was written with: what names it, and itself when asked for. */
function Writer({ writer }: { writer: WriterShown }) {
  return (
    <details class="text-muted">
      <summary>Written as {schemaWords(writer)}</summary>
      <pre class="hex">{JSON.stringify(writer.schema, null, 1)}</pre>
    </details>
  );
}

/** The bytes of the value, with the one marked at which decoding stopped. */
export function Raw({ letter: { value, decoded } }: { letter: LetterDetail }) {
  if (value === null) return <p class="text-muted">The value is null: a tombstone.</p>;
  const bytes = bytesOf(value.base64);
  const { stoppedAt } = decoded;
  const from = startFor(stoppedAt);
  return (
    <section>
      <h3>Raw, {count(value.bytes)} bytes</h3>
      <pre class="hex">
        {hexLines(bytes, from).map(({ at, bytes: row, text }) => (
          <div key={at}>
            <span class="text-subtle">{at} </span>
            {row
              .map(({ hex, index }) =>
                index === stoppedAt ? (
                  <mark key={index} title="Decoding stopped here">
                    {hex}
                  </mark>
                ) : (
                  hex
                ),
              )
              .flatMap((part) => [part, ' '])}
            {'   '.repeat(16 - row.length)} {text}
          </div>
        ))}
      </pre>
      {stoppedAt !== null && stoppedAt >= bytes.length && (
        <p class="text-muted">The bytes end where more were expected.</p>
      )}
      {bytes.length > SHOWN_BYTES && (
        <p class="num text-muted">
          {count(SHOWN_BYTES)} bytes, from byte {count(from)} on.
        </p>
      )}
    </section>
  );
}

const textOf = (bytes: Bytes | null) =>
  bytes === null ? 'null' : (bytes.text ?? `base64 ${bytes.base64}`);

/** The key and all headers, in order. */
export function Headers({ letter: { headers, key } }: { letter: LetterDetail }) {
  return (
    <section>
      <h3>Key and headers</h3>
      <dl class="fields">
        <div>
          <dt>key</dt>
          <dd>
            <Name text={textOf(key)} />
          </dd>
        </div>
        {headers.map(({ name, value }, index) => (
          <div key={index}>
            <dt>
              <Name text={textOf(name)} />
            </dt>
            <dd>
              <Name text={textOf(value)} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
