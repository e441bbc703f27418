// Work for one follower, one piece after the other: while one is under way, at most one more waits.

export type Turn = () => Promise<void>;

export type Inbox = {
  /** Nothing is under way and nothing waits. */
  readonly idle: boolean;
  /** Nothing waits: one more may be added. */
  readonly hasRoom: boolean;
  add(turn: Turn): void;
  /** Drops what waits, now and later; what is under way goes on to its end. */
  close(): void;
};

/** `failed` hears what a turn throws; `ended` is called after every turn. */
export function createInbox(deps: { failed: (error: unknown) => void; ended: () => void }): Inbox {
  const { failed, ended } = deps;
  let open = true;
  let working = false;
  let waiting: Turn | null = null;

  function begin(turn: Turn): void {
    working = true;
    // By then the next request is on its way: to send it takes no more than the promises queued by now.
    setImmediate(() => void work(turn));
  }

  async function work(turn: Turn): Promise<void> {
    try {
      if (open) await turn();
    } catch (error) {
      failed(error);
    }
    const next = waiting;
    waiting = null;
    if (next !== null && open) begin(next);
    else working = false;
    ended();
  }

  return {
    get idle() {
      return !working;
    },
    get hasRoom() {
      return waiting === null;
    },
    add(turn) {
      if (working) waiting = turn;
      else begin(turn);
    },
    close() {
      open = false;
      waiting = null;
    },
  };
}
