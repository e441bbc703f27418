import type { WriterShown } from '../../server/http/contract-letters.ts';

/** `com.example.Order · registry · id 7 · 0a1b2c3d4e5f6071`: what names the schema of a value. */
export function schemaWords(writer: Omit<WriterShown, 'schema'>): string {
  const { framing, id, name, fingerprint } = writer;
  return [name ?? 'unknown schema', framing, id === null ? '' : `id ${id}`, fingerprint ?? '']
    .filter(Boolean)
    .join(' · ');
}
