import type { Scenario } from '../scenario.ts';
import { crashScenarios } from './crash.ts';

/** Every scenario of the long run. */
export const scenarios: readonly Scenario[] = [...crashScenarios];
