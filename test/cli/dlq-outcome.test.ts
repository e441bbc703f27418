import t from 'tap';
import { awaitOutcome } from '../../server/cli/dlq-outcome.ts';

const answer = (state: string, waiting = 0) => ({
  body: { state, waiting },
  headers: new Headers(),
});

function waiting(answers: readonly ReturnType<typeof answer>[], change = {}) {
  let asked = 0;
  const seen: string[] = [];
  const ended = awaitOutcome({
    look: async () => answers[Math.min(asked++, answers.length - 1)]!,
    onLook: ({ state }) => seen.push(state),
    timeoutMs: null,
    interrupted: new AbortController().signal,
    ...change,
  });
  return { ended, seen };
}

t.test('a redrive has ended when nothing of it waits any more', async (t) => {
  const { ended, seen } = waiting([answer('sending'), answer('cancelled', 2), answer('cancelled')]);
  t.match(await ended, { end: 'ended', last: { body: { state: 'cancelled', waiting: 0 } } });
  t.same(seen, ['sending', 'cancelled']);
});

t.test('the wait ends after its time, with the last that was heard', async (t) => {
  const { ended } = waiting([answer('sending')], { timeoutMs: 1 });
  t.match(await ended, { end: 'timeout', last: { body: { state: 'sending' } } });
});

t.test('the wait ends at Ctrl-C, even while no answer comes', async (t) => {
  const interrupted = new AbortController();
  const look = () => {
    interrupted.abort();
    return new Promise<never>(() => {});
  };
  const { ended } = waiting([], { look, interrupted: interrupted.signal });
  t.match(await ended, { end: 'interrupted', last: null });
});

t.test('a refusal is no end', async (t) => {
  const { ended } = waiting([], { look: () => Promise.reject(new Error('no such redrive')) });
  await t.rejects(ended, /no such redrive/);
});
