import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, whether this runs from dist/ or from the sources. */
export const projectRoot = new URL('../', import.meta.resolve('#avro/order.avsc'));

/** A path as people give it: a relative one is seen from the project's folder, wherever this was started. */
export function inProject(path: string): string {
  return resolve(fileURLToPath(projectRoot), path);
}
