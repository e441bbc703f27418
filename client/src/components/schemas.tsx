import { fetchSchemas } from '../api.ts';
import { count } from '../format.ts';
import { usePolled } from '../hooks.ts';

const EVERY = 5000;

/** What the orders were written with, as far as this instance has seen any since its start. */
export function Schemas() {
  const writers = usePolled('schema', EVERY, fetchSchemas)?.writers ?? [];
  if (writers.length === 0) return null;
  return (
    <details class="page mt-4">
      <summary>Schemas {count(writers.length)}</summary>
      <p class="text-muted">Decoded here since the start; a retried order counts again.</p>
      <ul class="num schemas">
        {writers.map(({ framing, id, fingerprint, name, decoded, refused }) => (
          <li key={`${framing} ${id} ${fingerprint}`}>
            {[
              // Without framing nothing names a schema: then it is read with the reader's own.
              framing === 'raw' ? 'no framing, our own schema' : (name ?? 'unknown schema'),
              ...(framing === 'raw' ? [] : [framing]),
              ...(id === null ? [] : [`id ${id}`]),
              ...(fingerprint === null ? [] : [fingerprint]),
            ].join(' · ')}
            : {count(decoded)} decoded, {count(refused)} refused
          </li>
        ))}
      </ul>
    </details>
  );
}
