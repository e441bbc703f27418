// One process at a time may use a data folder. The file `lock` in it names a port of the loopback and a
// secret word: while the process that holds the folder lives, it answers with that word on that port. So a
// lock ends with its process, also by kill -9. A process id would not do: another process may get it later;
// nor a socket file: its path may have only about 100 bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { BrokerError } from './broker-error.ts';

export type Lock = { release(): Promise<void> };

/**
 * Takes the folder for this process; `word` is one that nobody else has.
 * @throws {BrokerError} FOLDER_IN_USE when a living process has it
 */
export async function lockFolder(directory: string, word: string): Promise<Lock> {
  const path = join(directory, 'lock');
  if (await isOwned(path)) {
    throw new BrokerError(
      'FOLDER_IN_USE',
      `another broker uses the folder ${directory}: stop it, or choose another folder`,
    );
  }
  const server = createServer((socket) => socket.on('error', () => {}).end(word));
  const port = await new Promise<number>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port));
  });
  server.unref();
  writeFileSync(path, `${port} ${word}`);
  return { release: () => new Promise((done) => server.close(() => done())) };
}

async function isOwned(path: string): Promise<boolean> {
  let lines: string;
  try {
    lines = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  const [port, word] = lines.split(' ');
  return /^\d{1,5}$/.test(port!) && Number(port) < 65_536 && (await hear(Number(port))) === word;
}

/** What is said on a port, at most about a second long; '' when nobody is there. */
function hear(port: number): Promise<string> {
  return new Promise((answer) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1').setEncoding('utf8').setTimeout(1000);
    socket.on('data', (text) => {
      heard += text;
      if (heard.length > 100) socket.destroy();
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => answer(heard));
  });
}
