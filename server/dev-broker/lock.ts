// One process at a time may use a data folder. The lock is a socket that its owner listens on: the
// system takes it back with the process, however it ends, which a file with a process id does not.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { BrokerError } from './broker-error.ts';

export type Lock = { release(): Promise<void> };

/**
 * Takes the folder for this process.
 * @throws {BrokerError} FOLDER_IN_USE when a living process has it
 */
export async function lockFolder(directory: string): Promise<Lock> {
  const path = lockPath(directory);
  if (await isOwned(path)) {
    throw new BrokerError(
      'FOLDER_IN_USE',
      `another broker uses the folder ${directory}: stop it, or choose another one with --data`,
    );
  }
  rmSync(path, { force: true });
  const server = await own(path);
  return { release: () => new Promise((done) => server.close(() => done())) };
}

/** Socket paths are short (104 bytes on macOS), so the shorter of two spellings is taken. */
function lockPath(directory: string): string {
  const full = resolve(directory, 'lock');
  if (process.platform === 'win32') {
    return join('\\\\.\\pipe', createHash('sha256').update(full).digest('hex'));
  }
  const short = relative('', full);
  return short.length < full.length ? short : full;
}

function isOwned(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      answer(error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED');
    });
  });
}

function own(path: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', fail);
    server.listen(path, () => done(server.unref()));
  });
}
