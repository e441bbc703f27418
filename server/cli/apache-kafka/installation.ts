// Apache Kafka's jars, fetched once through Maven into data/kafka-lib.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maven, prepareJavaProgram } from '../maven.ts';
import { projectRoot } from '../project-root.ts';

const pom = fileURLToPath(new URL('server/cli/apache-kafka/pom.xml', projectRoot));

/** What `java` needs to run Kafka and its tools. */
export type KafkaInstallation = { readonly classpath: string };

/**
 * Sees to it that Java and Kafka's jars are there; fetches the jars when there are none or the pom
 * has changed. Throws an AppError (REQUIREMENT) with what to install when Java or Maven is missing.
 */
export async function prepareKafka(
  options: { log?: (line: string) => void } = {},
): Promise<KafkaInstallation> {
  const goal = ['-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
  const program = {
    name: 'Apache Kafka',
    size: 'about 130 MB',
    folder: 'kafka-lib',
    madeFrom: await readFile(pom, 'utf8'),
    fetch: (into: string) => maven([...goal, `-DoutputDirectory=${into}`]),
  };
  return { classpath: join(await prepareJavaProgram(program, options.log), '*') };
}
