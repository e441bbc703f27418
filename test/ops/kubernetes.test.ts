// The manifests of ops/kubernetes, against the container and against each other.
import { readFileSync } from 'node:fs';
import { Deployment } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service } from 'kubernetes-models/v1';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { unknownSettings } from '../../server/config/unknown.ts';
import { loadConfig, settingRows } from '../../server/config.ts';

const text = readFileSync('ops/kubernetes/order-stream.yaml', 'utf8');
const manifests = parseAllDocuments(text).map((document) => document.toJS());

t.test('each manifest is what the schema of its kind allows', async (t) => {
  const [deployment, service, budget] = manifests;
  t.doesNotThrow(() => new Deployment(deployment).validate());
  t.doesNotThrow(() => new Service(service).validate());
  t.doesNotThrow(() => new PodDisruptionBudget(budget).validate());
  const wrong = { ...deployment, spec: { ...deployment.spec, replicas: 'two' } };
  t.throws(() => new Deployment(wrong).validate(), { message: /replicas must be integer/ });
});

t.test(
  'service and budget select the pods of the deployment, by ports that they have',
  async (t) => {
    const [deployment, service, budget] = manifests;
    t.match(manifests, [
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      { apiVersion: 'v1', kind: 'Service' },
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
    ]);
    const { labels } = deployment.spec.template.metadata;
    t.match(labels, deployment.spec.selector.matchLabels);
    t.match(labels, service.spec.selector);
    t.match(labels, budget.spec.selector.matchLabels);
    const [{ ports }] = deployment.spec.template.spec.containers;
    const names = ports.map(({ name }: { name: string }) => name);
    for (const { targetPort } of service.spec.ports) t.ok(names.includes(targetPort), targetPort);
  },
);

t.test('the pod runs as the image does, without rights, and has time to end', async (t) => {
  const [deployment] = manifests;
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const { runAsUser, runAsGroup } = pod.securityContext;
  t.ok(dockerfile.includes(`\nUSER ${runAsUser}:${runAsGroup}\n`));
  t.ok(dockerfile.includes(`\nEXPOSE ${container.ports[0].containerPort}\n`));
  t.match(container.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
  const { STOP_WITHIN = '0' } =
    /STOP_WITHIN_MS = (?<STOP_WITHIN>[\d_]+)/.exec(readFileSync('server/main.ts', 'utf8'))
      ?.groups ?? {};
  const stopWithin = Number(STOP_WITHIN.replaceAll('_', '')) / 1000;
  t.ok(stopWithin > 0 && pod.terminationGracePeriodSeconds > stopWithin);
  t.equal(
    container.livenessProbe.httpGet.path,
    '/health/live',
    'a Kafka that is away is no reason',
  );
  t.equal(container.readinessProbe.httpGet.path, '/health/ready');
});

t.test('its variables are settings with values that are taken', async (t) => {
  const { env } = manifests[0].spec.template.spec.containers[0];
  const variables = Object.fromEntries(
    env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  const names = settingRows.map(({ name }) => name);
  t.strictSame(unknownSettings(Object.keys(variables), names), []);
  t.doesNotThrow(() => loadConfig({ ...variables, HOST: '0.0.0.0' }));
});
