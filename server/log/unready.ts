// What a decoder answers when it has to ask somebody else first.

/**
 * There is no answer yet, and there will be one: `ready` resolves when it is worth to ask again. It rejects
 * only with a mistake in the code.
 */
export class Unready {
  readonly ready: Promise<void>;
  constructor(ready: Promise<void>) {
    this.ready = ready;
  }
}
