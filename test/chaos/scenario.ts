import type { World } from './world.ts';

/** A fault, in a world of its own; rejects when something is not as it must be. */
export type Scenario = {
  readonly name: string;
  /** One broker behind the proxy unless said otherwise. */
  readonly brokers?: 1 | 3;
  /** Three brokers of its own, with these settings. */
  readonly settings?: Readonly<Record<string, string>>;
  run(world: World): Promise<void>;
};
