import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../../log/clock.ts';
import { preferredFormat } from '../accept.ts';
import { notKnown, streamJson } from '../answer.ts';
import type { Figures, PartitionLag, Status } from '../contract.ts';
import type { EventStream } from '../event-stream.ts';
import type { Holds } from '../holds.ts';
import type { OverviewSource } from '../overview.ts';

/** What a scrape shows; `figures` is null while nothing is known. */
export type Sample = {
  readonly figures: Figures | null;
  readonly lag: readonly PartitionLag[];
  readonly status: Status;
  readonly streamClients: number;
  /** Messages that slow streams have missed. */
  readonly streamDrops: number;
  /** When it was taken, ms since 1970. */
  readonly now: number;
};

/** Writes the metrics in a text format of Prometheus. */
export type Exposition = {
  readonly contentType: string;
  render(sample: Sample): Promise<string>;
};

/** The formats of a scrape. */
export type Expositions = { readonly text: Exposition; readonly openMetrics: Exposition };

type Deps = {
  source: OverviewSource;
  expositions: Expositions;
  holds: Holds;
  streams: Pick<EventStream, 'size' | 'dropped'>;
  clock: Pick<Clock, 'now'>;
};

/**
 * `GET /metrics`: JSON for people and pages, a text of Prometheus for who prefers one.
 * `GET /metrics/prometheus`: the text, for who prefers nothing, such as curl.
 */
export async function metricsRoute(app: FastifyInstance, deps: Deps): Promise<void> {
  const { source, expositions, holds, streams, clock } = deps;
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('vary', 'Origin, Accept');
  });

  async function scrape(reply: FastifyReply, { contentType, render }: Exposition) {
    for (let left = source.settle(); left !== undefined; left = source.settle()) await left;
    const text = await render({
      figures: source.figures(),
      lag: source.lag(),
      status: source.status(),
      streamClients: streams.size(),
      streamDrops: streams.dropped(),
      now: clock.now(),
    });
    return reply.type(contentType).send(text);
  }

  app.get('/metrics', async (request, reply) => {
    const format = preferredFormat(request.headers.accept);
    if (format !== 'json') return scrape(reply, expositions[format]);
    const body = await source.wholeMetrics();
    if (body === null) throw notKnown(reply, source.status());
    return streamJson(reply, holds, body);
  });

  app.get('/metrics/prometheus', async (request, reply) => {
    const format = preferredFormat(request.headers.accept);
    return scrape(reply, expositions[format === 'json' ? 'text' : format]);
  });
}
