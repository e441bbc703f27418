import { fetchSchemas } from '../api.ts';
import { count } from '../format.ts';
import { usePolled } from '../hooks.ts';
import { schemaWords } from '../schema-words.ts';

const EVERY = 5000;

/** What the orders were written with, as far as this instance has seen any since its start. */
export function Schemas() {
  const writers = usePolled('schema', EVERY, fetchSchemas)?.writers ?? [];
  if (writers.length === 0) return null;
  return (
    <details class="page mt-4">
      <summary>Schemas {count(writers.length)}</summary>
      <ul class="num schemas">
        {writers.map((writer) => (
          <li key={schemaWords(writer)}>
            {schemaWords(writer)}: {count(writer.decoded)} decoded, {count(writer.refused)} refused
          </li>
        ))}
      </ul>
    </details>
  );
}
