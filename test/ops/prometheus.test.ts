// What ops/ says to Prometheus, Grafana and whoever is on call, against a running service.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';
import { createKafkajsClient } from '../fixtures/kafkajs-client.ts';
import { skipOrFail, type TestScope } from '../fixtures/requirements.ts';
import { runTool } from '../fixtures/run-tool.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

/** The Accept headers that Prometheus servers send by default: 2.42, and 3. */
const ACCEPTS = {
  two: 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  three:
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
};

type Rule = { alert: string; expr: string; annotations: { runbook: string } };
type Panel = { title: string; targets: { expr: string }[] };

const alerts: Rule[] = parse(readFileSync('ops/prometheus/alerts.yml', 'utf8')).groups[0].rules;
const dashboard: { panels: Panel[] } = JSON.parse(
  readFileSync('ops/grafana/order-stream.json', 'utf8'),
);

function isInstalled(t: TestScope, program: string): boolean {
  if (spawnSync(program, ['--version']).error === undefined) return true;
  skipOrFail(t, `${program} is not installed`, 'apt-get install prometheus');
  return false;
}

/** A service that is ready. */
async function readyService(t: Test): Promise<{ service: Service; address: string }> {
  // A broker of its own: without a name the service would use whatever Kafka runs on this machine.
  const { address } = await withDevBroker(t);
  const service = await withService(t, { KAFKA_BROKERS: address, FAILURE_RATE: '0' });
  await until(
    'it is ready',
    () => service.get('/health/ready'),
    ({ status }) => status === 200,
  );
  return { service, address };
}

/** The series of ours that an expression asks for. */
function seriesIn(expr: string): string[] {
  return expr.match(/\b(?:orders|service|kafka|http|nodejs)_[a-z0-9_]+/g) ?? [];
}

t.test(
  'promtool finds nothing to complain about in the rules, and they alert as they should',
  async (t) => {
    if (!isInstalled(t, 'promtool')) return;
    await runTool('promtool', ['check', 'rules', 'ops/prometheus/alerts.yml']);
    await runTool('promtool', ['test', 'rules', 'ops/prometheus/alerts.test.yml']);
  },
);

t.test('every alert has its paragraph in the runbook, and the runbook no other', async (t) => {
  const runbook = readFileSync('ops/RUNBOOK.md', 'utf8');
  const headings = [...runbook.matchAll(/^## (.*)$/gm)].map(([, title]) => title!);
  t.strictSame(
    headings,
    alerts.map(({ alert }) => alert),
  );
  for (const { alert, annotations } of alerts) {
    t.equal(annotations.runbook, `RUNBOOK.md#${alert.toLowerCase()}`);
  }
  const paragraphs = runbook.split(/^## /m).slice(1);
  for (const paragraph of paragraphs) {
    for (const word of ['Means', 'Look', 'Do', 'Helped']) {
      t.ok(paragraph.includes(`**${word}**`), `${word}: ${paragraph.split('\n')[0]}`);
    }
  }
});

t.test('a running service has every series that is asked for, in both formats', async (t) => {
  const { service } = await readyService(t);
  const text = await (await service.get('/metrics/prometheus')).text();
  const described = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
  const exists = (series: string) =>
    described.has(series) || described.has(series.replace(/_(?:bucket|sum|count)$/, ''));
  const asked = [
    ...alerts.map(({ alert, expr }) => [alert, expr] as const),
    ...dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => [title, expr] as const),
    ),
  ];
  for (const [who, expr] of asked) {
    // Of `by (le, partition)` and the like nothing begins as a series does.
    for (const series of seriesIn(expr)) t.ok(exists(series), `${who}: ${series}`);
    if (who !== 'OrderStreamDown') t.not(seriesIn(expr).length, 0, `${who} asks for something`);
  }
  t.notOk(exists('orders_nothing_total'), 'and what is missing would be found');

  const contentType = async (path: string, accept: string) =>
    (await service.get(path, { headers: { accept } })).headers.get('content-type');
  for (const accept of Object.values(ACCEPTS)) {
    for (const path of ['/metrics', '/metrics/prometheus']) {
      t.match(await contentType(path, accept), /^application\/openmetrics-text; version=1.0.0/);
    }
  }
  t.match(await contentType('/metrics', '*/*'), /^application\/json/, 'curl on the page’s path');
  t.match(await contentType('/metrics/prometheus', '*/*'), /^text\/plain; version=0.0.4/);
  t.match(await contentType('/metrics/prometheus', 'application/json'), /^text\/plain/);

  if (!isInstalled(t, 'promtool')) return;
  // It ends with an error when it has anything to say.
  const words = await runTool('promtool', ['check', 'metrics'], text);
  t.equal(words.toString(), '');
});

t.test('Prometheus scrapes a running service, whatever its version asks for', async (t) => {
  if (!isInstalled(t, 'prometheus')) return;
  const { service, address } = await readyService(t);
  // One that is counted, and one that becomes a dead letter.
  const value = Buffer.from('0e6f726465722d310a4974656d3100002041', 'hex');
  const records = [
    { key: Buffer.from('a'), value },
    { key: Buffer.from('b'), value: Buffer.alloc(0) },
  ];
  await createKafkajsClient(address).produce('orders', records, { partition: 0 });
  const asThree = await asksWith(t, service, ACCEPTS.three);
  const job = (name: string, url: string, path: string) => ({
    job_name: name,
    metrics_path: path,
    static_configs: [{ targets: [new URL(url).host] }],
  });
  const { query, exemplars } = await withPrometheus(t, {
    global: { scrape_interval: '1s' },
    scrape_configs: [
      job('two', service.url, '/metrics'),
      job('three', asThree, '/metrics'),
      job('plain', service.url, '/metrics/prometheus'),
    ],
  });
  const values = async (expr: string) =>
    (await query(expr)).map(({ metric, value }) => `${metric.job} ${value[1]}`).sort();
  const each = (value: number) => ['plain', 'three', 'two'].map((name) => `${name} ${value}`);
  const asked = (expr: string, wanted: string[]) =>
    until(
      expr,
      () => values(expr),
      (seen) => seen.join() === wanted.join(),
    );
  await asked('up', each(1));
  await asked('service_ready', each(1));
  await asked('service_rebalances_total', each(1));
  await asked('sum by (job) (service_fetch_seconds_bucket{le="+Inf"} > bool 0)', each(1));
  await asked('max by (job) (orders_lag_seconds)', each(0));
  await asked('orders_dead_letters{code="EMPTY", state="open"}', each(1));
  await asked('max by (job) (orders_oldest_open_dead_letter_seconds) > bool 0', each(1));
  const seen = await until(
    'exemplars are kept',
    () => exemplars('service_end_to_end_seconds_bucket'),
    ({ length }) => length === 3,
  );
  // The last order of the set that was read.
  for (const {
    exemplars: [first],
  } of seen) {
    t.strictSame(first!.labels, { partition: '0', offset: '1' });
  }
  t.pass('each of them answers queries');
});

/** The same service for who sends this Accept header, whatever was sent. */
async function asksWith(t: TestScope, service: Service, accept: string): Promise<string> {
  const server = createServer((request, response) => {
    service.get(request.url!, { headers: { accept } }).then(
      async (answer) => {
        response.setHeader('content-type', answer.headers.get('content-type')!);
        response.end(await answer.text());
      },
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Answer = { metric: Record<string, string>; value: [number, string] }[];

type Exemplars = {
  exemplars: { labels: Record<string, string> }[];
}[];

/** A Prometheus with this configuration, and what is asked of it: values of an expression, exemplars of a series. */
async function withPrometheus(t: TestScope, config: object) {
  const directory = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const file = join(directory, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
      `--web.listen-address=${listen}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true });
  });
  async function get<Found>(path: string): Promise<Found | null> {
    const answer = await fetch(`http://${listen}/api/v1/${path}`).catch(() => null);
    return answer?.status === 200 ? ((await answer.json()) as { data: Found }).data : null;
  }
  return {
    async query(expr: string): Promise<Answer> {
      const path = `query?query=${encodeURIComponent(expr)}`;
      return (await get<{ result: Answer }>(path))?.result ?? [];
    },
    async exemplars(series: string): Promise<Exemplars> {
      const now = Date.now() / 1000;
      const path = `query_exemplars?query=${series}&start=${now - 600}&end=${now + 600}`;
      return (await get<Exemplars>(path)) ?? [];
    },
  };
}
