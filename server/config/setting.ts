// What one setting of the environment is, and the kinds of values that settings have.

/** One setting: what it is when nobody sets it, how its text is read, and what it means in one line. */
export type Setting<T> = {
  readonly default: T;
  /** The value, or throws an Error that says what would be right. */
  readonly parse: (text: string) => T;
  readonly meaning: string;
  /** Never shown, and taken as it is: a password may begin or end with a space. */
  readonly secret: boolean;
};

export function setting<T>(byDefault: T, parse: (text: string) => T, meaning: string): Setting<T> {
  return { default: byDefault, parse, meaning, secret: false };
}

export function secret(meaning: string, parse = text): Setting<string | null> {
  return { default: null, parse, meaning, secret: true };
}

/** The lines of a table with columns of equal width, each beginning with two spaces. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths![column]!)).join('  ');
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join('\n');
}

export function text(value: string): string {
  // Such as the line break at the end of a file that was meant to hold nothing but the value.
  if (/\p{Cc}/u.test(value)) throw new Error('has a line break or another control character in it');
  return value;
}

export function integer(min: number, max: number) {
  return (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    throw new Error(`"${value}" is not a whole number from ${min} to ${max}`);
  };
}

export function share(value: string): number {
  const number = Number(value);
  if (/^\d*\.?\d+$/.test(value) && number <= 1) return number;
  throw new Error(`"${value}" is not a number from 0 to 1`);
}

export function boolean(value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Error(`"${value}" is neither true nor false`);
}

/** One of some words in small letters; given in any, as Kafka writes SCRAM-SHA-512. */
export function oneOf<T extends string>(words: readonly T[]) {
  return (value: string): T => {
    const found = words.find((word) => word === value.toLowerCase());
    if (found !== undefined) return found;
    throw new Error(`"${value}" is none of ${words.join(', ')}`);
  };
}

/** The items between commas. */
export function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
