// Instances of the service under fire: what they say, what they own, and whether they may be gone.
import { fileURLToPath } from 'node:url';
import type { DeadLetterItem, Metrics } from '../../server/http/contract.ts';
import type { TestScope } from '../fixtures/requirements.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { balanceFault } from './audit.ts';
import type { Failpoint } from './failpoints.ts';
import { until } from './until.ts';

export type Instance = {
  readonly name: string;
  /** Running, and not frozen. */
  readonly live: boolean;
  readonly lines: readonly string[];
  /** What it answers to GET, or to POST with a body; rejects when it refuses. */
  ask<T>(path: string, body?: object): Promise<T>;
  /** What it answers to GET, to its end. */
  text(path: string): Promise<string>;
  /** Cancels a redrive. */
  cancel(id: string): Promise<unknown>;
  /** Partitions of its last assignment. */
  partitions(): number[];
  metrics(): Promise<Metrics>;
  /** Looks at the metrics in passing, unless the last look goes on. */
  look(): void;
  /** The newest 100. */
  deadLetters(): Promise<DeadLetterItem[]>;
  /** Status and reasons of /health/ready. */
  health(): Promise<{ status: number; reasons: string[] }>;
  ready(): Promise<unknown>;
  /** Resolves when a failpoint has killed it. */
  fallen(): Promise<void>;
  /** As a crash: SIGKILL. */
  kill(): Promise<void>;
  /** In good order: SIGTERM. */
  stop(): Promise<void>;
  /** Sets its wall clock so far ahead of the true time, ms. */
  setClock(ahead: number): void;
  /** Takes the processor away from it, and gives it back. */
  freeze(): void;
  thaw(): void;
  /** What went wrong with it that nobody asked for. */
  faults(): string[];
};

export type StartOptions = {
  /** Where it kills itself, and the how manieth time it comes there. */
  readonly failpoint?: Failpoint;
  readonly passes?: number;
  readonly env?: Readonly<Record<string, string>>;
};

const entry = fileURLToPath(new URL('instance.js', import.meta.url));
const ERROR_LEVEL = 50;

/** Starts an instance; resolves when it listens. `tolerated` are errors that the scenario brings about. */
export async function startInstance(
  scope: TestScope,
  name: string,
  { failpoint, passes = 1, env = {} }: StartOptions,
  tolerated: readonly RegExp[],
): Promise<Instance> {
  const point = failpoint && { CHAOS_FAILPOINT: failpoint, CHAOS_PASSES: `${passes}` };
  const service = await withService(scope, { ...env, ...point }, entry);
  let mayEnd = failpoint !== undefined;
  let ended = false;
  let frozen = false;
  let looking = false;
  let problem: string | null = null;
  const reached = new Map<number, number>();
  service.exited.then(({ code, signal }) => {
    ended = true;
    if (!mayEnd) problem = `${name} ended by itself (${code ?? signal})`;
  });

  async function metrics(): Promise<Metrics> {
    // Answers may overtake each other; none may be behind what was known when it was asked for.
    const known = new Map(reached);
    const answer = await service.get('/metrics', { signal: AbortSignal.timeout(5000) });
    if (answer.status === 503) throw new Error(`${name} does not know the metrics yet`);
    const metrics = (await answer.json()) as Metrics;
    check(metrics, known);
    return metrics;
  }

  /** At every look the balance has to close, and nothing may move back. */
  function check(metrics: Metrics, known: ReadonlyMap<number, number>): void {
    problem ??= balanceFault(metrics);
    for (const { partition, nextOffset } of metrics.asOf) {
      const before = known.get(partition) ?? 0;
      if (nextOffset < before)
        problem ??= `[${partition}] went back from ${before} to ${nextOffset}`;
      reached.set(partition, Math.max(nextOffset, reached.get(partition) ?? 0));
    }
  }

  async function answered<T>(path: string, request: RequestInit): Promise<T> {
    const answer = await service.get(path, request);
    if (!answer.ok) throw new Error(`${name} answers ${path} with ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async function end(how: (service: Service) => Promise<unknown>): Promise<void> {
    mayEnd = true;
    if (frozen) process.kill(service.pid, 'SIGCONT');
    await how(service);
  }

  return {
    name,
    get live() {
      return !ended && !frozen;
    },
    lines: service.lines,
    partitions() {
      const joined = service.lines.findLast((line) => line.includes('"joined the group"'));
      const { partitions = '' } = JSON.parse(joined ?? '{}') as { partitions?: string };
      return partitions
        .split(' ')
        .filter((text) => /^\d+$/.test(text))
        .map(Number);
    },
    metrics,
    look() {
      if (looking) return;
      looking = true;
      metrics()
        .catch(() => {})
        .finally(() => {
          looking = false;
        });
    },
    ask<T>(path: string, body?: object) {
      const headers = { 'content-type': 'application/json', 'x-requested-by': 'chaos' };
      const post = { method: 'POST', body: JSON.stringify(body), headers };
      return answered<T>(path, body === undefined ? {} : post);
    },
    async text(path) {
      const answer = await service.get(path);
      return answer.text();
    },
    cancel(id) {
      const headers = { 'x-requested-by': 'chaos' };
      return answered(`/redrives/${id}?why=chaos`, { method: 'DELETE', headers });
    },
    async deadLetters() {
      const answer = await service.get('/dlq?limit=100');
      return (await answer.json()) as DeadLetterItem[];
    },
    async health() {
      const answer = await service.get('/health/ready');
      const { reasons } = (await answer.json()) as { reasons: string[] };
      return { status: answer.status, reasons };
    },
    ready: () =>
      until(`${name} to be ready`, async () => {
        if (ended) throw new Error('it has ended');
        const answer = await service.get('/health/ready');
        if (answer.status !== 200) throw new Error(await answer.text());
        return true;
      }),
    async fallen() {
      await until(`${name} to fall at ${failpoint}`, async () => ended);
    },
    kill: () => end((service) => service.kill()),
    stop: () =>
      end(async (service) => {
        const { code, signal } = await service.stop();
        if (code !== 0) problem ??= `${name} did not stop in good order (${code ?? signal})`;
      }),
    setClock: (ahead) => service.send({ ahead }),
    freeze() {
      frozen = true;
      process.kill(service.pid, 'SIGSTOP');
    },
    thaw() {
      frozen = false;
      process.kill(service.pid, 'SIGCONT');
    },
    faults() {
      const errors = service.lines.filter((line) => {
        const { level = 0 } = line.startsWith('{') ? (JSON.parse(line) as { level?: number }) : {};
        const isError = level >= ERROR_LEVEL || !line.startsWith('{');
        return isError && !tolerated.some((pattern) => pattern.test(line));
      });
      return [...(problem === null ? [] : [problem]), ...errors.map((line) => `${name}: ${line}`)];
    },
  };
}
