import type { Health, Snapshot } from '../../server/http/contract.ts';
import type { Service } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

/** What the service says it lacks, as soon as its log, its health and its page all say so. */
export async function trouble(service: Service, words: RegExp): Promise<void> {
  await service.line(words);
  const health = () => service.json<Health>('/health/ready');
  await until(`health says ${words}`, health, ({ reasons }) => words.test(reasons.join()));
  const { status } = await service.json<Snapshot>('/api/snapshot');
  if (!words.test(status.reasons.join())) throw new Error(`not on the page: ${status.reasons}`);
}
