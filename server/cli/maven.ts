// Java programs from Maven Central, each fetched once into a folder below data/.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { AppError, describe } from '../errors.ts';
import { projectRoot } from './project-root.ts';

const run = promisify(execFile);
const data = fileURLToPath(new URL('data/', projectRoot));

export type JavaProgram = {
  /** For people: what it is, and what it costs to fetch. */
  readonly name: string;
  readonly size: string;
  /** The folder below data/ to keep it in. */
  readonly folder: string;
  /** What it is made from: a change fetches it anew. */
  readonly madeFrom: string;
  /** Puts it into an empty folder. */
  fetch(into: string): Promise<unknown>;
};

/**
 * Sees to it that Java and the program are there; the absolute path of its folder. Throws an AppError
 * (REQUIREMENT) with what to install when Java or Maven is missing.
 */
export async function prepareJavaProgram(
  program: JavaProgram,
  log: (line: string) => void = () => {},
): Promise<string> {
  const { name, size, folder } = program;
  await checkJava(name);
  const target = join(data, folder);
  if (!(await isCurrent(program, target))) {
    log(`fetching ${name} through Maven (once, ${size})`);
    await fetchInto(program, target);
  }
  return target;
}

/** Runs Maven; what it wrote. */
export async function maven(args: readonly string[]): Promise<string> {
  const { stdout } = await run('mvn', ['-B', '-q', ...args]);
  return stripVTControlCharacters(stdout).trim();
}

async function checkJava(name: string): Promise<void> {
  const answer = await run('java', ['-version']).catch(() => undefined);
  const version = Number(/version "(\d+)/.exec(answer?.stderr ?? '')?.[1] ?? 0);
  if (version >= 17) return;
  const found = version === 0 ? 'no Java was found' : `Java ${version} was found`;
  throw new AppError(
    'REQUIREMENT',
    `${name} needs Java 17 or newer, ${found}: install it (Debian: apt-get install openjdk-17-jdk-headless, macOS: brew install openjdk@17)`,
    false,
  );
}

/** Beside the program; it is written last. */
const MADE_FROM = 'made-from';

async function isCurrent({ madeFrom }: JavaProgram, target: string): Promise<boolean> {
  const made = await readFile(join(target, MADE_FROM), 'utf8').catch(() => undefined);
  return made === madeFrom;
}

// Two processes may fetch at once: each into a folder of its own, and a rename decides.
async function fetchInto(program: JavaProgram, target: string): Promise<void> {
  const fresh = `${target}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  try {
    await program.fetch(fresh).catch((error: unknown) => explain(program.name, error));
    await writeFile(join(fresh, MADE_FROM), program.madeFrom);
    if (await isCurrent(program, target)) return;
    await rm(target, { recursive: true, force: true });
    await rename(fresh, target).catch(async (error: unknown) => {
      if (!(await isCurrent(program, target))) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function explain(name: string, error: unknown): never {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  throw new AppError(
    'REQUIREMENT',
    missing
      ? `${name} is fetched through Maven, which was not found: install it (Debian: apt-get install maven, macOS: brew install maven)`
      : `Maven could not fetch ${name}: ${describe(error)}`,
    false,
    { cause: error },
  );
}
