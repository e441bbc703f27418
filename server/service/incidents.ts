// Tells the log what is wrong when it begins and when it ends, and little in between.
import type { Clock } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';

/** Something that is so, until it is not in the list any more. */
export type Trouble = {
  /** Names the kind of incident; conditions with the same key are told as one. */
  readonly key: string;
  readonly words: string;
  /** What the log says when it has ended. */
  readonly over?: string;
  /** It needs somebody to act: nothing goes on by itself. */
  readonly final?: boolean;
};

type Incident = {
  words: string;
  over: string;
  final: boolean;
  /** On the monotonic clock. */
  beganAt: number;
  seenAt: number;
  toldAt: number;
  /** Looks in a row at which it was there. */
  looks: number;
  told: boolean;
  /** How often it has begun in the log, and the reasons told since it last did. */
  tellings: number;
  reasons: Set<string>;
};

/** It has to be there at so many looks in a row before the log hears of it. */
const LOOKS = 2;
/** A further reason of the same incident waits this long. */
const REASON_REST_MS = 60_000;
const REMIND_MS = 3_600_000;
/** What comes back more often than this is told again only after pauses that grow. */
const FREE_TELLINGS = 3;
const FORGET_MS = 600_000;

/** A log of incidents. `update` is called about once a second with everything that is wrong now. */
export function createIncidentLog({ logger, clock }: { logger: Logger; clock: Clock }): {
  update(conditions: readonly Trouble[]): void;
} {
  const incidents = new Map<string, Incident>();

  function begin(key: string, now: number): Incident {
    const known = incidents.get(key);
    if (known !== undefined && known.looks > 0) return known;
    const incident: Incident = {
      words: '',
      over: '',
      final: false,
      beganAt: now,
      seenAt: now,
      toldAt: known?.toldAt ?? Number.NEGATIVE_INFINITY,
      looks: 0,
      told: false,
      tellings: known?.tellings ?? 0,
      reasons: new Set(),
    };
    incidents.set(key, incident);
    return incident;
  }

  function see(incident: Incident, now: number): void {
    incident.looks += 1;
    incident.seenAt = now;
    const quietFor = now - incident.toldAt;
    if (!incident.told) {
      if (incident.looks < LOOKS || quietFor < restAfter(incident.tellings)) return;
      incident.told = true;
      incident.tellings += 1;
      tell(incident, now, {});
    } else if (!incident.reasons.has(incident.words) && quietFor >= REASON_REST_MS) {
      tell(incident, now, {});
    } else if (quietFor >= REMIND_MS) {
      tell(incident, now, { seconds: Math.round((now - incident.beganAt) / 1000) });
    }
  }

  function tell(incident: Incident, now: number, fields: Record<string, unknown>): void {
    incident.toldAt = now;
    incident.reasons.add(incident.words);
    if (incident.final) logger.error(incident.words, fields);
    else logger.warn(incident.words, fields);
  }

  function end(key: string, incident: Incident, now: number): void {
    const seconds = Math.round((now - incident.beganAt) / 1000);
    if (incident.told) logger.info(incident.over, { seconds });
    incident.looks = 0;
    incident.told = false;
    if (now - incident.seenAt >= FORGET_MS) incidents.delete(key);
  }

  return {
    update(conditions) {
      const now = clock.monotonic();
      const present = new Map<string, Trouble[]>();
      for (const condition of conditions) {
        const same = present.get(condition.key);
        if (same) same.push(condition);
        else present.set(condition.key, [condition]);
      }
      for (const [key, [first, ...others]] of present) {
        const incident = begin(key, now);
        const more = others.length > 0 ? ` (and ${others.length} more like it)` : '';
        incident.words = `${first!.words}${more}`;
        incident.over = first!.over ?? `over: ${first!.words}`;
        incident.final = first!.final ?? false;
        see(incident, now);
      }
      for (const [key, incident] of incidents) if (!present.has(key)) end(key, incident, now);
    },
  };
}

/** How long an incident of a kind that was told so often has to wait for its next telling. */
function restAfter(tellings: number): number {
  return tellings < FREE_TELLINGS
    ? 0
    : Math.min(REMIND_MS, REASON_REST_MS * 2 ** (tellings - FREE_TELLINGS));
}
