import { useState } from 'preact/hooks';

/** Where an order is named to be followed. */
export function FollowForm({ onFollow }: { onFollow: (id: string) => void }) {
  const [id, setId] = useState('');
  return (
    <form
      class="flex gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (id !== '') onFollow(id);
      }}
    >
      <input
        class="select"
        aria-label="Id of an order"
        placeholder="Id of an order"
        maxLength={128}
        value={id}
        onInput={({ currentTarget }) => setId(currentTarget.value)}
      />
      <button type="submit" class="button">
        Follow
      </button>
    </form>
  );
}
