// Builds the named parts (server, client) that are not built or older than their sources; plain
// JavaScript, because it runs before anything is compiled.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const parts = {
  server: {
    output: 'dist/.tsbuildinfo',
    runs: 'dist/server/main.js',
    sources: ['server', 'test', 'tsconfig.json', 'package-lock.json'],
    tool: 'typescript',
  },
  client: {
    output: 'dist/page/index.html',
    runs: 'dist/page/index.html',
    sources: ['client', 'server/http/contract.ts', 'package-lock.json'],
    tool: 'vite',
  },
};

if (!isInstalled('fastify')) giveUp('the packages are not installed: run npm install first');
for (const name of process.argv.slice(2)) {
  const { output, runs, sources, tool } = parts[name];
  if (newest(output) >= Math.max(...sources.map(newest))) continue;
  if (isInstalled(tool)) build(name, output);
  else if (existsSync(runs)) {
    console.error(`${runs} is older than its sources and stays so: ${tool} is not installed`);
  } else {
    giveUp(
      `${runs} is not built and ${tool} is not installed: run npm install with the development ` +
        'packages (not --omit=dev, not NODE_ENV=production), or bring dist/ from where it was built',
    );
  }
}

function giveUp(words) {
  console.error(words);
  process.exit(1);
}

function build(name, output) {
  const start = Date.now() / 1000;
  const { status } = spawnSync(`npm run --silent build:${name}`, { stdio: 'inherit', shell: true });
  // A compiler may leave an unchanged output alone, and write one in spite of errors.
  if (existsSync(output)) utimesSync(output, start, status === 0 ? start : 0);
  if (status !== 0) process.exit(1);
}

// As Node finds packages: here, or in a folder above.
function isInstalled(name) {
  try {
    return createRequire(resolve('package.json')).resolve(`${name}/package.json`) !== '';
  } catch {
    return false;
  }
}

// Of a file or of all in a folder, in ms; 0 when there is none. A folder's own time tells deletions.
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  const inside = readdirSync(path).map((name) => newest(join(path, name)));
  return Math.max(stats.mtimeMs, ...inside);
}
