// What fixtures need of a test, where there is none.
import type { TestScope } from '../fixtures/requirements.ts';

export type Scope = TestScope & { close(): Promise<void> };

/** A scope; what is missing is an error. */
export function createScope(): Scope {
  const actions: (() => unknown)[] = [];
  const refuse = (message: string) => {
    throw new Error(message);
  };
  return {
    teardown: (action) => actions.unshift(action),
    pass: (message, { skip }) => refuse(`${message}; ${skip}`),
    fail: refuse,
    async close() {
      for (const action of actions.splice(0)) await action();
    },
  };
}
