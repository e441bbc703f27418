// The service as it runs in production, except that each message over IPC makes it say, in a line of JSON,
// what it has used since the message before.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a service has used between two questions. */
export type Used = {
  readonly used: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** p99 and maximum. */
  readonly loopDelayMs: readonly [number, number];
};

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let cpu = process.cpuUsage();
process.on('message', ({ number }: { number: number }) => {
  const { user, system } = process.cpuUsage(cpu);
  const used: Used = {
    used: number,
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.memoryUsage.rss(),
    loopDelayMs: [delay.percentile(99) / 1e6, delay.max / 1e6],
  };
  console.log(JSON.stringify(used));
  delay.reset();
  cpu = process.cpuUsage();
});
await import('../../server/main.ts');
