// PURE: the ways of assigning partitions that the members of a group know, and the one they agree on.

export type Protocol = { readonly name: string; readonly metadata: Buffer };

/** What one member knows, the one it likes best first. */
export type Protocols = readonly Protocol[];

export const namesOf = (protocols: Protocols) => protocols.map(({ name }) => name);

/** Whether a member that joins again knows just what it knew. */
export function sameProtocols(a: Protocols, b: Protocols): boolean {
  const isSame = (one: Protocol, other: Protocol | undefined) =>
    one.name === other?.name && one.metadata.equals(other.metadata);
  return a.length === b.length && a.every((one, i) => isSame(one, b[i]));
}

/** The names that all of them know. */
export const commonNames = (all: readonly Protocols[]): string[] =>
  namesOf(all[0] ?? []).filter((name) => all.every((each) => namesOf(each).includes(name)));

/** The common name that most of them like best; there must be one. */
export function elect(all: readonly Protocols[]): string {
  const candidates = commonNames(all);
  const votes = new Map(candidates.map((name) => [name, 0]));
  for (const each of all) {
    const choice = namesOf(each).find((name) => votes.has(name))!;
    votes.set(choice, votes.get(choice)! + 1);
  }
  return candidates.reduce((best, name) => (votes.get(name)! > votes.get(best)! ? name : best));
}
