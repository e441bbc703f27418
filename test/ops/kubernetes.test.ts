// The manifests of ops/kubernetes, against Kubernetes' own schemas and against the container.
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
const kinds = { Deployment, Service, PodDisruptionBudget };

t.test('each manifest is what its kind wants', async (t) => {
  t.strictSame(
    manifests.map(({ kind }) => kind),
    Object.keys(kinds),
  );
  for (const manifest of manifests) {
    const Kind = kinds[manifest.kind as keyof typeof kinds];
    t.doesNotThrow(() => new Kind(manifest).validate(), manifest.kind);
    const spoilt = { ...manifest, spec: 'nothing' };
    t.throws(() => new Kind(spoilt).validate(), 'and the schemas would tell');
  }
});

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
