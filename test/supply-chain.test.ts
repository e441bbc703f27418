// What is installed: exact, complete, under licences that may be used, and without scripts of others.
import { readFileSync } from 'node:fs';
import t from 'tap';

type Package = {
  optional?: boolean;
  integrity?: string;
  resolved?: string;
  license?: string;
  hasInstallScript?: boolean;
};

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const { packages } = read('package-lock.json') as { packages: Record<string, Package> };
const installed = Object.entries(packages).filter(([path]) => path !== '');

/** Licences of what the image holds and of what only builds and tests: none asks for more than a notice. */
const LICENCES =
  /^\(?(MIT|ISC|0BSD|BlueOak-1\.0\.0|Apache-2\.0|BSD-[23]-Clause|CC0-1\.0|CC-BY-[34]\.0|MPL-2\.0|WTFPL)\b/;

t.test('every package comes from the registry, by its hash', async (t) => {
  for (const [path, { integrity, resolved, optional }] of installed) {
    // npm does not note the hashes of optional builds for other systems than the one it ran on.
    if (!optional || integrity !== undefined) t.match(integrity, /^sha512-/, path);
    if (resolved !== undefined) t.match(resolved, /^https:\/\/registry\.npmjs\.org\//, path);
  }
});

t.test('no package runs a script when it is installed', async (t) => {
  t.strictSame(
    installed.filter(([, { hasInstallScript }]) => hasInstallScript),
    [],
  );
});

t.test('every version is exact', async (t) => {
  const { dependencies, devDependencies, overrides } = read('package.json');
  const wanted = { ...dependencies, ...devDependencies, ...overrides };
  for (const [name, version] of Object.entries(wanted)) t.match(version, /^\d+\.\d+\.\d+$/, name);
});

t.test('every licence is one of those that may be used', async (t) => {
  // Optional builds for other systems are in the lock file without one; their main packages have it.
  for (const [path, { license }] of installed) {
    if (license !== undefined) t.match(license, LICENCES, path);
  }
});
