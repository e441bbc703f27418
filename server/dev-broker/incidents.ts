import type { Logger } from './logger.ts';

const EVERY_MS = 30_000;

type Fields = Record<string, unknown>;
type Incident = { more: number; saidAt: number; last: Fields };

export type Incidents = ReturnType<typeof createIncidents>;

/**
 * Says what happens when it happens first; while it goes on, now and then how often. `what` is one of
 * few texts: what differs from case to case belongs into the fields. `now` is monotonic, in ms.
 */
export function createIncidents(logger: Logger, now: () => number) {
  const incidents = new Map<string, Incident>();
  const say = (what: string, fields: Fields) => logger.warn(`embedded broker: ${what}`, fields);
  return {
    report(what: string, fields: Fields = {}): void {
      const known = incidents.get(what);
      if (known) {
        known.more += 1;
        known.last = fields;
        return;
      }
      incidents.set(what, { more: 0, saidAt: now(), last: fields });
      say(what, fields);
    },
    /** To be called now and then: what has come to an end is forgotten. */
    tick(): void {
      for (const [what, incident] of incidents) {
        if (now() - incident.saidAt < EVERY_MS) continue;
        if (incident.more === 0) incidents.delete(what);
        else say(what, { ...incident.last, again: incident.more });
        incident.more = 0;
        incident.saidAt = now();
      }
    },
  };
}
