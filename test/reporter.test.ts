import t from 'tap';
import { createReport } from './reporter.ts';

const tap = `TAP version 14
1..3
# Subtest: dist/test/a.test.js
    # Subtest: it counts
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - it counts # time=1ms

    # Subtest: it needs more
        ok 1 - no Java was found # SKIP install Java 17
        1..1
    ok 2 - it needs more # time=1ms

    1..2
ok 1 - dist/test/a.test.js # time=2ms

# Subtest: dist/test/b.test.js
    # Subtest: it fails
        # Subtest: deep below
            not ok 1 - a \\# b
              ---
              source: |
                not ok 1 - this is no line of TAP
              diff: |
                -2
                +1
              ...

            1..1
        not ok 1 - deep below # time=1ms
          ---
          at:
            lineNumber: 1
          ...

        1..1
    not ok 1 - it fails # time=1ms
      ---
      ...

not ok 2 looks like TAP, and a test has printed it
---
    1..1
not ok 2 - dist/test/b.test.js # time=2ms
  ---
  exitCode: 1
  ...

# Subtest: dist/test/c.test.js
    1..0 # no tests found
not ok 3 - dist/test/c.test.js # time=2ms
  ---
  exitCode: 3
  ...

# { total: 5, pass: 3, fail: 2, skip: 1 }
# time=6ms`;

t.test('each file has a line; skips, failures and totals come last', async (t) => {
  const report = createReport();
  const printed = tap.split('\n').map(report.line).join('') + report.end();
  t.equal(
    printed,
    `ok   dist/test/a.test.js (3)
FAIL dist/test/b.test.js (1)
FAIL dist/test/c.test.js (0)

Skipped, and how to enable it:
- no Java was found: install Java 17 (dist/test/a.test.js)

Failed:
- dist/test/b.test.js > it fails > deep below > a # b
    diff: |
      -2
      +1
- dist/test/c.test.js
    exitCode: 3

# { total: 5, pass: 3, fail: 2, skip: 1 }
# time=6ms
`,
  );
});

t.test('a run without failures says its totals, and nothing of failures', async (t) => {
  const report = createReport();
  const printed = ['ok 1 - x', '# { total: 1, pass: 1 }'].map(report.line).join('') + report.end();
  t.equal(printed, 'ok   x (1)\n\n# { total: 1, pass: 1 }\n');
});
