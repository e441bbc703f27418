import { pieces } from '../format.ts';

/** A text that came from outside; what in it could not be seen is written by name. */
export function Name({ text }: { text: string }) {
  const parts = pieces(text);
  if (parts.length === 1 && !parts[0]?.odd) return <>{text}</>;
  return (
    <>
      {parts.map((part, index) =>
        part.odd ? (
          <span key={index} class="odd">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
    </>
  );
}
