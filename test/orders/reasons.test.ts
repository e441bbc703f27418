import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Stage } from '../../server/log/fault.ts';
import { REASONS } from '../../server/orders/reasons.ts';

t.test('the README lists every code, and at which stage it is noticed', async (t) => {
  const [, list = ''] = /^- Codes: ([\s\S]*?)\.$/m.exec(readFileSync('README.md', 'utf8')) ?? [];
  const listed = [...list.matchAll(/`([^`]+)` \((\w+)\)/g)].map(([, codes = '', stage]) => ({
    stage,
    codes: codes.split(/\s+/).sort(),
  }));
  const rows = Object.values(REASONS);
  const codesOf = (stage: Stage) =>
    rows.filter((row) => row.stage === stage).map(({ code }) => code);
  const stages: Stage[] = ['decode', 'validate', 'process'];
  t.same(
    listed,
    stages.map((stage) => ({ stage, codes: codesOf(stage).sort() })),
  );
});

t.test('a reason stands in the table under its code', async (t) => {
  t.same(
    Object.values(REASONS).map(({ code }) => code),
    Object.keys(REASONS),
  );
});
