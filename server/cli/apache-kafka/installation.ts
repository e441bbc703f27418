// Apache Kafka's jars, fetched once through Maven into data/kafka-lib.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AppError, describe } from '../../errors.ts';
import { projectRoot } from '../project-root.ts';

const run = promisify(execFile);
const pom = fileURLToPath(new URL('server/cli/apache-kafka/pom.xml', projectRoot));
const data = fileURLToPath(new URL('data/', projectRoot));
const lib = join(data, 'kafka-lib');

/** What `java` needs to run Kafka and its tools. */
export type KafkaInstallation = { readonly classpath: string };

/**
 * Sees to it that Java and Kafka's jars are there; fetches the jars when there are none or the pom
 * has changed. Throws an AppError (REQUIREMENT) with what to install when Java or Maven is missing.
 */
export async function prepareKafka(
  options: { log?: (line: string) => void } = {},
): Promise<KafkaInstallation> {
  await checkJava();
  if (!(await isCurrent())) {
    options.log?.('fetching Apache Kafka through Maven (once, about 130 MB)');
    await fetchJars();
  }
  return { classpath: join(lib, '*') };
}

async function checkJava(): Promise<void> {
  const answer = await run('java', ['-version']).catch(() => undefined);
  const version = Number(/version "(\d+)/.exec(answer?.stderr ?? '')?.[1] ?? 0);
  if (version >= 17) return;
  const found = version === 0 ? 'no Java was found' : `Java ${version} was found`;
  throw new AppError(
    'REQUIREMENT',
    `Apache Kafka needs Java 17 or newer, ${found}: install it (Debian: apt-get install openjdk-17-jdk-headless, macOS: brew install openjdk@17)`,
    false,
  );
}

// The pom beside the jars says what they were made from; it is written last.
async function isCurrent(): Promise<boolean> {
  const made = await readFile(join(lib, 'pom.xml'), 'utf8').catch(() => undefined);
  return made === (await readFile(pom, 'utf8'));
}

// Two processes may fetch at once: each into a folder of its own, and a rename decides.
async function fetchJars(): Promise<void> {
  const fresh = `${lib}.${process.pid}`;
  const target = `-DoutputDirectory=${fresh}`;
  await mkdir(data, { recursive: true });
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', target];
    await run('mvn', ['-B', '-q', '-f', pom, ...goal]).catch(explainMaven);
    await copyFile(pom, join(fresh, 'pom.xml'));
    if (await isCurrent()) return;
    await rm(lib, { recursive: true, force: true });
    await rename(fresh, lib).catch(async (error: unknown) => {
      if (!(await isCurrent())) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function explainMaven(error: unknown): never {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  throw new AppError(
    'REQUIREMENT',
    missing
      ? "Apache Kafka's jars are fetched through Maven, which was not found: install it (Debian: apt-get install maven, macOS: brew install maven)"
      : `Maven could not fetch Apache Kafka's jars: ${describe(error)}`,
    false,
    { cause: error },
  );
}
