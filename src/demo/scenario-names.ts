/** What `demo --scenario` can tell. Apart from the stories, so that `--help` does not load them. */
export const SCENARIO_NAMES = ['lost-answer', 'capacity', 'bad-host', 'worker-crash', 'cancel'] as const;

export type ScenarioName = (typeof SCENARIO_NAMES)[number];
