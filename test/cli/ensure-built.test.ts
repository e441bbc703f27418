// What stands before `npm start` and the other commands, in a project of its own.
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';

const script = 'server/cli/ensure-built.js';
const yesterday = Date.now() / 1000 - 86_400;

/** A project with these packages; outside of ours, where Node would find our own. */
function createProject(t: Test, packages: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'ensure-built-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  mkdirSync(join(folder, dirname(script)), { recursive: true });
  copyFileSync(fileURLToPath(new URL(script, projectRoot)), join(folder, script));
  for (const name of packages) write(`node_modules/${name}/package.json`, '{}');
  const build = "node -e \"fs.writeFileSync('built', '')\"";
  write('package.json', JSON.stringify({ type: 'module', scripts: { 'build:server': build } }));
  return {
    /** What was built yesterday, before today's sources. */
    writeOutdated() {
      for (const path of ['dist/.tsbuildinfo', 'dist/server/main.js']) {
        write(path, '');
        utimesSync(join(folder, path), yesterday, yesterday);
      }
    },
    isBuilt: () => existsSync(join(folder, 'built')),
    run: () =>
      new Promise<{ code: number; said: string }>((done) => {
        const child = execFile(
          process.execPath,
          [script, 'server'],
          { cwd: folder },
          (_, out, err) => done({ code: child.exitCode ?? -1, said: out + err }),
        );
      }),
  };
}

t.test('what is not built, or older than its sources, is built', async (t) => {
  const project = createProject(t, ['fastify', 'typescript']);
  project.writeOutdated();
  t.strictSame(await project.run(), { code: 0, said: '' });
  t.ok(project.isBuilt());
});

t.test('without the compiler what is there is started, with one line of warning', async (t) => {
  const project = createProject(t, ['fastify']);
  project.writeOutdated();
  const { code, said } = await project.run();
  t.equal(code, 0);
  t.match(
    said,
    /^dist\/server\/main\.js is older than its sources .*typescript is not installed\n$/,
  );
  t.notOk(project.isBuilt());
});

t.test('without the compiler and without anything built it is said what to do', async (t) => {
  const { code, said } = await createProject(t, ['fastify']).run();
  t.equal(code, 1);
  t.match(said, /^dist\/server\/main\.js is not built .*run npm install .*--omit=dev.*\n$/);
});

t.test('without any package the first step is to install them', async (t) => {
  const { code, said } = await createProject(t, []).run();
  t.equal(code, 1);
  t.match(said, /^the packages are not installed: run npm install first\n$/);
});
