import { useState } from 'preact/hooks';
import { token } from '../api.ts';

/** Where commands take a token: it is kept for this tab, and sent with commands only. */
export function Token({ onChange }: { onChange: () => void }) {
  const [text, setText] = useState(token.read);
  return (
    <form
      class="page mt-4 flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        token.write(text);
        onChange();
      }}
    >
      <label class="text-13">
        Token for commands, kept for this tab
        <input
          class="input"
          type="password"
          autocomplete="off"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button type="submit" class="button">
        Keep
      </button>
    </form>
  );
}
