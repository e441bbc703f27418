// What the business hands to the core: how bytes become a value, and how values become a state.
import type { Fault } from './fault.ts';
import type { Unready } from './unready.ts';

/**
 * A state that values are added to and taken back from: what Kafka Streams builds from an initializer,
 * an adder and a subtractor. The core keeps one state per partition, changes it together with its
 * positions, and writes both as one checkpoint.
 *
 * It must be possible to take a value back and be left with exactly the state it would be without it,
 * whatever was added since: two instances may work on a partition for a moment, and an order counted
 * by one is taken back when the other gave it up. Counts, exact sums, sums of squares and counts per
 * bucket are folds. A maximum is none: once the greatest value is taken back, the second greatest has
 * been forgotten; nor is a sum of floating-point numbers, for (a + b) - b need not be a.
 *
 * The same values in any order must give the same bytes from `encode`, up to the order of its parts.
 * Nothing here may look at clocks, randomness or the network: every instance has to come to the same. Only
 * `decode` may ask for what never changes, such as the schema of an id.
 */
export type Fold<Value, State> = Decoder<Value> &
  Sum<Value, State> &
  Room<Value, State> &
  StateCodec<State>;

/** How bytes become a value. */
type Decoder<Value> = {
  /**
   * The value in `bytes[start, end)`, where `start` -1 is a null value, or why there is none: above
   * MAX_VALUE_BYTES there always is none. A value may outlive `bytes`, so it must not be a view into them.
   * Unready when somebody has to be asked first what the bytes mean: the partition waits until `ready`, and
   * decodes them again.
   */
  decode(bytes: Buffer, start: number, end: number): Value | Fault | Unready;
};

/** How values are added to a state, and taken back. */
type Sum<Value, State> = {
  /** The state of no values. */
  empty(): State;
  add(state: State, value: Value): void;
  /** Whether the value can be among those that were added. */
  contains(state: State, value: Value): boolean;
  /** Takes back a value that was added. Throws RangeError, and changes nothing, when it cannot have been. */
  subtract(state: State, value: Value): void;
};

/** What bounds a state: an outsider who can invent names could make it grow for ever. */
type Room<Value, State> = {
  /** Why the state has no room for the value, or null. */
  admit(state: State, value: Value): Fault | null;
  /** Keeps room for an admitted value while its handler is under way: `release` gives it back. */
  reserve(state: State, value: Value): void;
  release(state: State, value: Value): void;
};

/** A state as the last bytes of a checkpoint. */
type StateCodec<State> = {
  /** Throws RangeError for a state that `decodeState` would refuse. */
  encode(state: State): Buffer;
  /** Reads what `encode` wrote, all of `bytes`. Throws RangeError when it is not that. */
  decodeState(bytes: Buffer): State;
};
