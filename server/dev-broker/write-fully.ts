import { writeSync } from 'node:fs';

/** Writes all of the bytes there; throws what the file system throws. */
export function writeFully(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
