// `npm run test:chaos`: faults on Apache Kafka, each followed by an audit with another client.
import { describe } from '../../server/errors.ts';
import { readOptions } from '../fixtures/options.ts';
import { createRunner, type Outcome } from './runner.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

const usage = `Breaks the service in every way on Apache Kafka and holds it against the facts.

  npm run test:chaos -- [options]

  --seeds N    how many seeds for each scenario (1)
  --seed N     the first seed (a new one); the same seed makes the same faults
  --only TEXT  only scenarios whose name contains it
  --jobs N     how many scenarios at once (2)
  --letters N  how many dead letters the scenarios of redrives send again
  --embedded   on the embedded broker instead
  --list       their names
  --help, -h
`;

const values = {
  seeds: '1',
  seed: `${Math.floor(Math.random() * 1e6)}`,
  only: '',
  jobs: '2',
  ...readOptions(usage, {
    seeds: 'number',
    seed: 'number',
    only: 'text',
    jobs: 'number',
    letters: 'number',
    embedded: 'flag',
    list: 'flag',
  }),
};
const chosen = scenarios.filter(({ name }) => name.includes(values.only));

// So that what was started is ended: children are killed at exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

if (chosen.length === 0) {
  console.error(`no scenario has "${values.only}" in its name; see --list`);
  process.exitCode = 2;
} else if (values.list !== undefined) for (const { name } of chosen) console.log(name);
else {
  const outcomes = await runAll();
  summarize(outcomes);
  if (outcomes.some(({ violation }) => violation !== null)) process.exitCode = 1;
}

async function runAll(): Promise<Outcome[]> {
  const seeds = Array.from({ length: Number(values.seeds) }, (_, n) => Number(values.seed) + n);
  const queue = seeds.flatMap((seed) => chosen.map((scenario) => ({ scenario, seed })));
  const outcomes: Outcome[] = [];
  const runner = createRunner({
    long: true,
    letters: values.letters === undefined ? null : Number(values.letters),
    embedded: values.embedded !== undefined,
  });
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      outcomes.push(await runOne(runner.run, next.scenario, next.seed));
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(values.jobs) }, lane));
  } catch (error) {
    console.error(describe(error));
    process.exitCode = 1;
  } finally {
    await runner.close();
  }
  return outcomes;
}

async function runOne(
  run: (scenario: Scenario, seed: number) => Promise<Outcome>,
  scenario: Scenario,
  seed: number,
): Promise<Outcome> {
  const outcome = await run(scenario, seed);
  const { violation, seconds, audited, logs } = outcome;
  const line = `${scenario.name}, seed ${seed}, ${seconds.toFixed(0)} s`;
  if (violation === null) console.log(`ok   ${line} ${JSON.stringify(audited)}`);
  else {
    console.log(`FAIL ${line}\n     ${violation.replaceAll('\n', '\n     ')}`);
    console.log(`     logs: ${logs}`);
    console.log(`     again: npm run test:chaos -- --seed ${seed} --only ${scenario.name}`);
  }
  return outcome;
}

function summarize(outcomes: readonly Outcome[]): void {
  const rows = chosen.map(({ name }) => {
    const own = outcomes.filter(({ scenario }) => scenario === name);
    const violations = own.filter(({ violation }) => violation !== null).length;
    return { scenario: name, runs: own.length, violations };
  });
  console.table(rows.filter(({ runs }) => runs > 0));
  console.log('what the audits found in the topics:');
  console.table(
    outcomes.map(({ scenario, seed, seconds, audited }) => ({
      scenario,
      seed,
      seconds: Math.round(seconds),
      ...audited,
    })),
  );
}
