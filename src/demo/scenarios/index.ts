import type { ScenarioName } from '../scenario-names.ts';
import type { Scenario } from '../scenario.ts';
import { badHost } from './bad-host.ts';
import { cancel } from './cancel.ts';
import { capacity } from './capacity.ts';
import { lostAnswer } from './lost-answer.ts';
import { workerCrash } from './worker-crash.ts';

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  'lost-answer': lostAnswer,
  capacity,
  'bad-host': badHost,
  'worker-crash': workerCrash,
  cancel,
};
