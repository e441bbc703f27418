import type { Scenario } from '../scenario.ts';
import { batchScenarios } from './batches.ts';
import { brokerScenarios } from './brokers.ts';
import { clockScenarios } from './clocks.ts';
import { crashScenarios } from './crash.ts';
import { freezeScenarios } from './freeze.ts';
import { letterScenarios } from './letters.ts';
import { networkScenarios } from './network.ts';
import { productScenarios } from './products.ts';
import { rebalanceScenarios } from './rebalance.ts';
import { redriveScenarios } from './redrive.ts';
import { rollingScenarios } from './rolling.ts';
import { topicScenarios } from './topics.ts';

/** Every scenario of the long run. */
export const scenarios: readonly Scenario[] = [
  ...crashScenarios,
  ...freezeScenarios,
  ...networkScenarios,
  ...clockScenarios,
  ...rebalanceScenarios,
  ...topicScenarios,
  ...letterScenarios,
  ...redriveScenarios,
  ...productScenarios,
  ...batchScenarios,
  ...brokerScenarios,
  ...rollingScenarios,
];
