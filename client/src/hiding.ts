// A hidden tab gives its connection back after a while: browsers allow six per origin.
import { type AlarmClock, createAlarm } from './alarm.ts';

const HIDDEN_FOR = 30_000;

/** A visible tab; `gaveUp` is called when it was hidden for long, `cameBack` when it is seen again after that. */
export function createHiding(clock: AlarmClock, gaveUp: () => void, cameBack: () => void) {
  const alarm = createAlarm(clock);
  let isLong = false;

  function reset() {
    alarm.clear();
    isLong = false;
  }

  return {
    /** Whether it has been hidden for long. */
    isLong: () => isLong,
    setVisible(visible: boolean) {
      if (!visible) {
        alarm.set(HIDDEN_FOR, () => {
          isLong = true;
          gaveUp();
        });
        return;
      }
      const wasLong = isLong;
      reset();
      if (wasLong) cameBack();
    },
    /** As if it had been visible all the time. */
    reset,
  };
}
