// What the generator tells the person who started it.

/** Progress of a run, told through `write`. */
export type ProgressLine = {
  sent(orders: readonly Sent[]): void;
  /** The last word: how many, how long, how fast. */
  summary(): string;
};

type Sent = { readonly reason: string | undefined; describe(): string };

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

// A terminal line is redrawn, other output grows: hence the different intervals, in ms.
const redraw = 200;
const report = 5000;

/** Names each order when `eachOrder` is set, otherwise shows count, rate and time left now and then. */
export function createProgressLine(options: {
  count: number;
  eachOrder: boolean;
  terminal: boolean;
  write: (text: string) => void;
  now: () => number;
}): ProgressLine {
  const { count, eachOrder, terminal, write, now } = options;
  const start = now();
  const interval = terminal ? redraw : report;
  let shownAt = start;
  let sent = 0;
  let bad = 0;

  const rate = () => (sent * 1000) / Math.max(now() - start, 1);
  const line = () => {
    if (!Number.isFinite(count)) return `${number.format(sent)} orders, ${pace(rate())}`;
    const left = `${number.format((count - sent) / Math.max(rate(), 1e-9))} s left`;
    return `${number.format(sent)} of ${number.format(count)} orders, ${pace(rate())}, ${left}`;
  };
  return {
    sent(orders) {
      sent += orders.length;
      for (const order of orders) {
        if (order.reason !== undefined) bad += 1;
        if (eachOrder) write(`${order.describe()}\n`);
      }
      if (eachOrder || now() - shownAt < interval) return;
      shownAt = now();
      write(terminal ? `\r\u001b[K${line()}` : `${line()}\n`);
    },
    summary() {
      const seconds = `${precise.format((now() - start) / 1000)} s`;
      const clear = terminal && !eachOrder ? '\r\u001b[K' : '';
      const total = `sent ${number.format(sent)} orders, ${number.format(bad)} of them bad`;
      return `${clear}${total}, in ${seconds} (${pace(rate())})`;
    },
  };
}

function pace(perSecond: number): string {
  return `${(perSecond < 100 ? precise : number).format(perSecond)}/s`;
}
