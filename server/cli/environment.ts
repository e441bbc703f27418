// Where the settings of every command come from: the environment, and beneath it the file .env.
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Environment } from '../config.ts';
import { ConfigError, describe } from '../errors.ts';
import { inProject } from './project-root.ts';

/**
 * The variables of the process, and those of the project's .env file that the process does not have.
 * Throws a ConfigError when there is such a file and it cannot be read.
 */
export function environment(file = inProject('.env')): Environment {
  return { ...variablesIn(file), ...process.env };
}

function variablesIn(file: string): Environment {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError([`${file} cannot be read: ${describe(error)}`]);
  }
}
