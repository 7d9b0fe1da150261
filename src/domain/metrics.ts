import { PHASES } from './phases.ts';
import { VERDICT_KINDS } from './orphan-verdict.ts';
import { FAILURE_TYPES } from './failures.ts';

// Every metric of our own, once: what records them, docs/metrics.md, the dashboard and the alert rules are held to this table. Labels are few
// and closed, and never the name of a node (P8, and a time series for each would outlive it).

export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** As OpenTelemetry writes units: `s` seconds, `1` a count. */
  readonly unit: 's' | '1';
  /** What each label may say. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly help: string;
  /** Upper ends of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
  /** Who records it: a workflow (once, also when it replays), or each worker for itself. */
  readonly by: 'workflow' | 'worker';
  /** How what several workers say makes one figure. */
  readonly across: 'sum' | 'max' | 'min' | 'each';
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Of a boot: addresses come after half a minute, slow machines after a quarter of an hour. */
const BOOT_BUCKETS = [1, 5, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR];

/** Of a wait for capacity: seconds, or days. */
const WAIT_BUCKETS = [
  1,
  15,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  4 * HOUR,
  12 * HOUR,
  24 * HOUR,
  72 * HOUR,
  168 * HOUR,
];

/** What a launch request came to. */
export const LAUNCH_OUTCOMES = ['accepted', 'capacity_unavailable', 'refused', 'not_sent', 'unknown'] as const;

/** What became of a launch that got no readable answer. */
export const SETTLED_OUTCOMES = ['adopted', 'absent'] as const;

/** How a wait for capacity ended. */
export const WAIT_OUTCOMES = ['granted', 'ended'] as const;

export const UNWIND_REASONS = [...FAILURE_TYPES, 'cancelled', 'asked', 'other'] as const;

/** Of every Lambda request: clients/lambda/request-kind.ts. */
export const LAMBDA_OPERATIONS = [
  'listInstances',
  'getInstance',
  'listInstanceTypes',
  'launchInstance',
  'terminateInstance',
  'updateInstance',
  'listSshKeys',
  'listImages',
  'listRegions',
] as const;

export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '429', '5xx', 'none'] as const;

/** How many running nodes are where, as one figure each: what an operator tells apart. */
export const NODE_STATES = ['waiting', 'coming', 'unwinding', 'kept', 'ending'] as const;

export const METRICS = {
  provisions: {
    name: 'navarch_provisioner_provisions_total',
    type: 'counter',
    unit: '1',
    labels: { outcome: ['ready', 'cancelled', 'other', ...FAILURE_TYPES] },
    help: 'Provisions that ended: with a node, or with the type of their failure.',
    by: 'workflow',
    across: 'sum',
  },
  capacityWait: {
    name: 'navarch_provisioner_capacity_wait_seconds',
    type: 'histogram',
    unit: 's',
    labels: { outcome: WAIT_OUTCOMES },
    help: 'One stay in the line for capacity, from joining it to a grant, or to its end without one. After a refusal a new stay begins.',
    buckets: WAIT_BUCKETS,
    by: 'workflow',
    across: 'sum',
  },
  launches: {
    name: 'navarch_provisioner_launches_total',
    type: 'counter',
    unit: '1',
    labels: { outcome: LAUNCH_OUTCOMES },
    help: 'Launch requests, by their answer: accepted; refused, for capacity or otherwise; not sent; unknown, where no readable answer came.',
    by: 'workflow',
    across: 'sum',
  },
  settledLaunches: {
    name: 'navarch_provisioner_launches_settled_total',
    type: 'counter',
    unit: '1',
    labels: { outcome: SETTLED_OUTCOMES },
    help: 'Launches of unknown outcome that were looked up: their instance was found and adopted, or proven absent.',
    by: 'workflow',
    across: 'sum',
  },
  phases: {
    name: 'navarch_provisioner_phase_duration_seconds',
    type: 'histogram',
    unit: 's',
    labels: { phase: PHASES.filter((phase) => !['waiting_for_capacity', 'ready', 'ended'].includes(phase)) },
    help: 'How long a node was in a phase, when it leaves it.',
    buckets: BOOT_BUCKETS,
    by: 'workflow',
    across: 'sum',
  },
  launchToReady: {
    name: 'navarch_provisioner_launch_to_ready_seconds',
    type: 'histogram',
    unit: 's',
    labels: {},
    help: 'From the decision to launch until the node is ready and handed to its keeper.',
    buckets: BOOT_BUCKETS,
    by: 'workflow',
    across: 'sum',
  },
  requestToReady: {
    name: 'navarch_provisioner_request_to_ready_seconds',
    type: 'histogram',
    unit: 's',
    labels: {},
    help: 'From the request until the node is ready: the wait for capacity and launches that came to nothing included.',
    buckets: WAIT_BUCKETS,
    by: 'workflow',
    across: 'sum',
  },
  unwindsStarted: {
    name: 'navarch_provisioner_unwinds_started_total',
    type: 'counter',
    unit: '1',
    labels: { reason: UNWIND_REASONS },
    help: "Instances that began to be undone or ended, by why: a failure's type, a cancel, or a wish.",
    by: 'workflow',
    across: 'sum',
  },
  unwindsFinished: {
    name: 'navarch_provisioner_unwinds_finished_total',
    type: 'counter',
    unit: '1',
    labels: { reason: UNWIND_REASONS },
    help: 'The same, when it is proven that nothing billable is left.',
    by: 'workflow',
    across: 'sum',
  },
  attentionRequests: {
    name: 'navarch_provisioner_attention_requests_total',
    type: 'counter',
    unit: '1',
    labels: {},
    help: 'How often a node began to need a person.',
    by: 'workflow',
    across: 'sum',
  },
  sweeps: {
    name: 'navarch_provisioner_sweeps_total',
    type: 'counter',
    unit: '1',
    labels: { outcome: ['done', 'stopped'] },
    help: 'Sweeps for orphans that ended: done, or stopped because they would have ended too much. Dry runs do not count.',
    by: 'workflow',
    across: 'sum',
  },
  orphansFound: {
    name: 'navarch_provisioner_orphans_found_total',
    type: 'counter',
    unit: '1',
    labels: {},
    help: 'Instances that a sweep saw without an owner for the first time. It is ended at the second sighting.',
    by: 'workflow',
    across: 'sum',
  },
  orphansEnded: {
    name: 'navarch_provisioner_orphans_ended_total',
    type: 'counter',
    unit: '1',
    labels: {},
    help: 'Orphans that a sweep asked Lambda to end, each once.',
    by: 'workflow',
    across: 'sum',
  },
  orphansProven: {
    name: 'navarch_provisioner_orphans_proven_total',
    type: 'counter',
    unit: '1',
    labels: {},
    help: 'Orphans that were asked to end and are proven gone.',
    by: 'workflow',
    across: 'sum',
  },
  lambdaRequests: {
    name: 'navarch_provisioner_lambda_requests_total',
    type: 'counter',
    unit: '1',
    labels: { operation: LAMBDA_OPERATIONS, status: STATUS_CLASSES },
    help: 'Requests sent to Lambda, by operation and class of the HTTP status; none: no complete answer came.',
    by: 'worker',
    across: 'sum',
  },
  lambdaDuration: {
    name: 'navarch_provisioner_lambda_request_duration_seconds',
    type: 'histogram',
    unit: 's',
    labels: { operation: LAMBDA_OPERATIONS },
    help: 'From sending a request to Lambda to its whole answer.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90],
    by: 'worker',
    across: 'sum',
  },
  lambdaRateLimited: {
    name: 'navarch_provisioner_lambda_rate_limited_total',
    type: 'counter',
    unit: '1',
    labels: { operation: LAMBDA_OPERATIONS },
    help: 'Answers 429 of Lambda. Each holds everybody back for as long as it says, or ten seconds.',
    by: 'worker',
    across: 'sum',
  },
  lambdaPacing: {
    name: 'navarch_provisioner_lambda_pacing_wait_seconds',
    type: 'histogram',
    unit: 's',
    labels: { operation: LAMBDA_OPERATIONS },
    help: 'How long a request waited in the worker for its turn in the pace, after Temporal had handed it out.',
    buckets: [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, MINUTE],
    by: 'worker',
    across: 'sum',
  },
  requestInterval: {
    name: 'navarch_provisioner_lambda_request_interval_seconds',
    type: 'gauge',
    unit: 's',
    labels: {},
    help: "The budget: between two requests of the account (LAMBDA_REQUEST_INTERVAL). All workers' request rate, times this, is the share that is used.",
    by: 'worker',
    across: 'max',
  },
  launchInterval: {
    name: 'navarch_provisioner_lambda_launch_interval_seconds',
    type: 'gauge',
    unit: 's',
    labels: {},
    help: 'The same of launches (LAMBDA_LAUNCH_INTERVAL).',
    by: 'worker',
    across: 'max',
  },
  nodes: {
    name: 'navarch_provisioner_nodes',
    type: 'gauge',
    unit: '1',
    labels: { state: NODE_STATES },
    help: 'Nodes by where they are: waiting for capacity, coming up, unwinding, kept, ending. Counted by Temporal, so every worker says the same.',
    by: 'worker',
    across: 'max',
  },
  needsAttention: {
    name: 'navarch_provisioner_nodes_needing_attention',
    type: 'gauge',
    unit: '1',
    labels: {},
    help: 'Running workflows that are marked NavarchNeedsAttention. Counted by Temporal, so every worker says the same.',
    by: 'worker',
    across: 'max',
  },
  censusTime: {
    name: 'navarch_provisioner_census_timestamp_seconds',
    type: 'gauge',
    unit: 's',
    labels: {},
    help: 'When Temporal last answered the counts, in seconds since the epoch. They are taken every minute; older ones are stale.',
    by: 'worker',
    across: 'max',
  },
  sweepInstances: {
    name: 'navarch_provisioner_sweep_instances',
    type: 'gauge',
    unit: '1',
    labels: { verdict: VERDICT_KINDS },
    help: "Instances of ours at the Schedule's last sweep, by verdict. Read from its result, so every worker says the same.",
    by: 'worker',
    across: 'max',
  },
  sweepTime: {
    name: 'navarch_provisioner_sweep_timestamp_seconds',
    type: 'gauge',
    unit: 's',
    labels: {},
    help: 'When that sweep looked, in seconds since the epoch. A new one comes every ten minutes.',
    by: 'worker',
    across: 'max',
  },
  sweepTroubles: {
    name: 'navarch_provisioner_sweep_troubles',
    type: 'gauge',
    unit: '1',
    labels: { kind: ['stopped', 'owners', 'unproven'] },
    help: 'What that sweep leaves to a person or to the next: it was stopped by its brake (1), owners in trouble, orphans asked to end and not proven gone.',
    by: 'worker',
    across: 'max',
  },
  ready: {
    name: 'navarch_provisioner_ready',
    type: 'gauge',
    unit: '1',
    labels: {},
    help: 'What /readyz says: 1 where the worker takes work, else 0.',
    by: 'worker',
    across: 'each',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricKey = keyof typeof METRICS;

type LabelsOf<K extends MetricKey> = {
  readonly [L in keyof (typeof METRICS)[K]['labels']]: (typeof METRICS)[K]['labels'][L] extends readonly (infer V)[]
    ? V
    : never;
};

type Tags = Record<string, string>;

/** As much as is used here of the SDK's meters, of which workflows and workers have one each. */
export interface Meter {
  createCounter(name: string, unit: string, description: string): { add(value: number, tags: Tags): void };
  createGauge(
    name: string,
    valueType: 'float',
    unit: string,
    description: string,
  ): { set(value: number, tags: Tags): void };
  createHistogram(
    name: string,
    valueType: 'float',
    unit: string,
    description: string,
  ): { record(value: number, tags: Tags): void };
}

/** Adds to a counter, sets a gauge, or notes one value of a histogram. */
export type Recorder = <K extends MetricKey>(
  key: K,
  value: number,
  ...labels: keyof LabelsOf<K> extends never ? [] : [labels: LabelsOf<K>]
) => void;

/** Each instrument is made when it is first used: in a workflow there is no meter before. */
export function recorderOver(meter: Meter): Recorder {
  const instruments = new Map<MetricKey, (value: number, tags: Tags) => void>();
  return (key, value, labels?) => {
    let instrument = instruments.get(key);
    if (instrument === undefined) instruments.set(key, (instrument = instrumentOf(meter, METRICS[key])));
    // Time that seems to run backwards is none.
    instrument(Math.max(value, 0), { ...labels });
  };
}

function instrumentOf(meter: Meter, { name, type, unit, help }: MetricDefinition): (value: number, tags: Tags) => void {
  switch (type) {
    case 'counter': {
      const counter = meter.createCounter(name, unit, help);
      return (value, tags) => counter.add(value, tags);
    }
    case 'gauge': {
      const gauge = meter.createGauge(name, 'float', unit, help);
      return (value, tags) => gauge.set(value, tags);
    }
    case 'histogram': {
      const histogram = meter.createHistogram(name, 'float', unit, help);
      return (value, tags) => histogram.record(value, tags);
    }
  }
}
