// Builds the named parts (server, client) that are not built or older than their sources; plain
// JavaScript, because it runs before anything is compiled.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const parts = {
  server: {
    output: 'dist/.tsbuildinfo',
    sources: ['server', 'test', 'tsconfig.json', 'package-lock.json'],
  },
  client: {
    output: 'dist/page/index.html',
    sources: ['client', 'server/http/contract.ts', 'package-lock.json'],
  },
};

for (const name of process.argv.slice(2)) {
  const { output, sources } = parts[name];
  if (newest(output) >= Math.max(...sources.map(newest))) continue;
  const start = Date.now() / 1000;
  const { status } = spawnSync(`npm run --silent build:${name}`, { stdio: 'inherit', shell: true });
  // A compiler may leave an unchanged output alone, and write one in spite of errors.
  if (existsSync(output)) utimesSync(output, start, status === 0 ? start : 0);
  if (status !== 0) process.exit(1);
}

// Of a file or of all in a folder, in ms; 0 when there is none. A folder's own time tells deletions.
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  const inside = readdirSync(path).map((name) => newest(join(path, name)));
  return Math.max(stats.mtimeMs, ...inside);
}
