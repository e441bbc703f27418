// A wall clock that can be set from outside, over IPC: Date, and with it everything that asks for the
// time of day, in this process alone.

/** From now on the wall clock shows what `{ ahead }` messages say, in ms ahead of the true time. */
export function obeyClock(): void {
  const TrueDate = Date;
  let ahead = 0;
  const now = () => TrueDate.now() + ahead;
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  });
  process.on('message', (message: { ahead?: number }) => {
    ahead = message.ahead ?? ahead;
  });
  process.channel?.unref();
}
