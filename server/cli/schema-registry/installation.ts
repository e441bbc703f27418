// Apicurio Registry, fetched once through Maven into data/registry-lib.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { maven, prepareJavaProgram } from '../maven.ts';

const run = promisify(execFile);

/** The last series that Java 17 runs. */
const VERSION = '3.0.9';
const artifact = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;

/** What `java` needs to run it. */
export type RegistryInstallation = {
  readonly jar: string;
  /** Its libraries, Avro's reference implementation among them. */
  readonly classpath: string;
};

/**
 * Sees to it that Java and the registry are there. Throws an AppError (REQUIREMENT) with what to install
 * when Java or Maven is missing.
 */
export async function prepareRegistry(
  options: { log?: (line: string) => void } = {},
): Promise<RegistryInstallation> {
  const program = {
    name: 'Apicurio Registry',
    size: 'about 110 MB',
    folder: 'registry-lib',
    madeFrom: artifact,
    fetch: unpack,
  };
  const folder = await prepareJavaProgram(program, options.log);
  return {
    jar: join(folder, `apicurio-registry-app-${VERSION}-runner.jar`),
    classpath: join(folder, 'lib', '*'),
  };
}

// The plugin that unpacks wants the parent of the artifact, which is in no repository.
async function unpack(into: string): Promise<void> {
  await maven(['dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false']);
  const question = ['help:evaluate', '-Dexpression=settings.localRepository', '-DforceStdout'];
  const folder = join(await maven(question), 'io/apicurio/apicurio-registry-app', VERSION);
  const archive = join(folder, `apicurio-registry-app-${VERSION}-all.tar.gz`);
  await run('tar', ['-xzf', archive, '-C', into]);
}
