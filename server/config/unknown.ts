// Variables that look like settings and are none: whoever set them believes that they do something.

/** The first words of our settings; a variable that begins so is meant for this service. */
const OURS =
  /^(ORDERS|DLQ|CHECKPOINT|HANDLER|RETRY|BROKER|STREAMS|KAFKA|BREAKER|SCHEMA_REGISTRY|ADMIN)_/;

/**
 * What others put into an environment under the same first words: Kafka's own scripts (KAFKA_HEAP_OPTS,
 * KAFKA_HOME …), kafkajs, and Kubernetes, which tells every container of every service.
 */
const OTHERS =
  /^KAFKA_(HOME|DEBUG|OPTS|\w+_OPTS|JMX_\w+|VERSION|LOG_DIR)$|^KAFKAJS_|_SERVICE_(HOST|PORT)|_PORT(_\d+_(TCP|UDP)\w*)?$/;

/** A variable that is no setting, and the setting that may have been meant. */
export type UnknownSetting = { readonly name: string; readonly nearest: string | null };

/** Those of `names` that look like one of `settings` and are none. */
export function unknownSettings(
  names: readonly string[],
  settings: readonly string[],
): UnknownSetting[] {
  return names.flatMap((name) => {
    if (settings.includes(name) || OTHERS.test(name)) return [];
    const nearest = nearestOf(name, settings);
    return nearest === null && !OURS.test(name) ? [] : [{ name, nearest }];
  });
}

/** The setting with the fewest typing errors between, if they are few: a third of its letters. */
function nearestOf(name: string, settings: readonly string[]): string | null {
  const upper = name.toUpperCase().replaceAll('-', '_');
  let nearest: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const setting of settings) {
    // Nobody errs in the first letter, and short names have many neighbours.
    if (setting[0] !== upper[0]) continue;
    const errors = distance(upper, setting);
    if (errors > Math.min(4, Math.floor(setting.length / 3)) || errors >= fewest) continue;
    fewest = errors;
    nearest = setting;
  }
  return nearest;
}

/** Letters to put in, leave out or replace to come from one to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = row[j - 1]! + Number(from[i - 1] !== to[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
