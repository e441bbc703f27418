// The arguments of every command here: options with and without a value, and --help everywhere.
import { parseArgs } from 'node:util';

/** The options of a command by name; --help and -h are always among them. */
export type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

export type Arguments = {
  /** The text of each option that was given, the last one wins; '' for one without a value. */
  readonly texts: ReadonlyMap<string, string>;
  /** What is wrong with the arguments, a sentence for each. */
  readonly faults: readonly string[];
};

/** Reads what stands after the name of a command. It never throws: all faults are told at once. */
export function readArguments(args: readonly string[], options: Options): Arguments {
  const known: Options = { ...options, help: { type: 'boolean' } };
  const texts = new Map<string, string>();
  const faults: string[] = [];
  // Tokens instead of parseArgs's own checks, which stop at the first fault.
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...known, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`"${token.value}" is not an option`);
    if (token.kind !== 'option') continue;
    const type = Object.hasOwn(known, token.name) ? known[token.name]!.type : undefined;
    if (type === undefined) faults.push(`${token.rawName} is not an option; see --help`);
    else if (type === 'string' && isMissing(token)) faults.push(`${token.rawName} needs a value`);
    else if (type === 'boolean' && token.value !== undefined)
      faults.push(`${token.rawName} takes no value`);
    else texts.set(token.name, token.value ?? '');
  }
  return { texts, faults };
}

type Given = { value: string | undefined; inlineValue: boolean | undefined };

/** An option in the place of a value means that the value was forgotten. */
function isMissing({ value, inlineValue }: Given): boolean {
  return !value?.trim() || (!inlineValue && value.startsWith('--'));
}
