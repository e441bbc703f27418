/** Why something was not done, said as it comes; nothing while there is nothing to say. */
export function Fault({ words }: { words: string }) {
  return words === '' ? null : (
    <p role="alert" class="text-danger">
      {words}
    </p>
  );
}
