import { Client, Connection } from '@temporalio/client';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { progressQuery } from '../../src/contract/messages.ts';
import { mainTaskQueue } from '../../src/contract/task-queues.ts';
import { keepNodeId, sweepScheduleId } from '../../src/contract/workflow-ids.ts';
import { createWorld, type World } from '../../src/demo/world.ts';
import { parseDuration } from '../../src/domain/durations.ts';
import { METRICS, type MetricDefinition } from '../../src/domain/metrics.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { endingOf, startProvision } from '../support/provisions.ts';
import { deployedQueries } from '../support/deployed-queries.ts';
import { readPromQl } from '../support/promql.ts';
import { Scrape } from '../support/scrape.ts';

// Everything that docs/metrics.md tells of is seen where Prometheus looks, after a day in small: a node, a refusal, a lost answer, a machine
// that is bad, a 429, an orphan, and sweeps. Then the figures are compared with the simulated cloud's own books.

const ACCOUNT = `metrics-${process.pid}`;
const QUEUE = mainTaskQueue(ACCOUNT);
const TYPE = 'gpu_1x_a10';
const REGION = 'us-east-1';
const A10 = { instanceType: TYPE, region: REGION };
/** Labels that are on all of ours, or on all that workflows record. */
const FROM_THE_SDK = ['account', 'namespace', 'taskQueue', 'workflowType'];

const WITHIN = { timeout: 30_000, interval: 100 };

const definitions = Object.values<MetricDefinition>(METRICS);

/** Everything, as an operator who looks for something would have it; without reasons. */
const LOG = { level: 'trace', format: 'json', redact: ['reason'] } as const;
const lines: string[] = [];

let world: World;
let client: Client;
let url: string;
let page: Scrape;

beforeAll(async () => {
  const metricsAddress = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  url = `http://${metricsAddress}/metrics`;
  world = await createWorld({
    temporalAddress: inject('temporalAddress'),
    logger: installRuntime(
      { log: LOG, metricsAddress, account: ACCOUNT },
      createLogger(LOG, { write: (line) => void lines.push(line) }),
    ),
    account: ACCOUNT,
    seed: 31,
    clockFactor: 60,
    environment: { NAVARCH_METRICS_ADDRESS: metricsAddress },
    censusEveryMs: 300,
    afterEnd: { gettableMs: 3_600_000 },
    workflowBundlePath: inject('workflowBundlePath'),
    faults: [
      { on: 'instance-types', nth: 2, do: { kind: 'rate-limited', retryAfterSeconds: 0 } },
      {
        on: 'launch',
        nth: 1,
        do: { kind: 'error', status: 400, code: 'instance-operations/launch/insufficient-capacity' },
      },
      { on: 'launch', nth: 2, do: { kind: 'lost-answer', as: { answer: 'reset' } } },
      { on: 'instance', launch: 1, do: { kind: 'unlisted', forMs: 1_000 } },
    ],
  });
  await world.startWorker();
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
  await live();
}, 120_000);

afterAll(async () => {
  await client.connection.close();
  await world.close();
});

async function live(): Promise<void> {
  const ends = [A10, { ...A10, bootstrap: { commands: ['exit 3'] }, maxLaunches: 1 }].map(async (request) => {
    const provision = await startProvision(client, QUEUE, request);
    return { provision, ending: await endingOf(provision.result()) };
  });
  const [kept, failed] = await Promise.all(ends);
  expect([kept?.ending.type, failed?.ending.type]).toEqual(['completed', 'bootstrap_failed']);
  const name = kept?.provision.workflowId.replace('provision-node/', '') ?? '';
  await untilSeen('navarch_provisioner_nodes', { state: 'kept' }, 1);

  const { instanceId = '' } = await client.workflow.getHandle(keepNodeId(name)).query(progressQuery);
  world.simulator.controls.setHealth(instanceId, 'unhealthy');
  await untilSeen('navarch_provisioner_nodes_needing_attention', {}, 1);
  world.simulator.controls.setHealth(instanceId, 'active');
  await untilSeen('navarch_provisioner_nodes_needing_attention', {}, 0);

  await client.workflow.getHandle(keepNodeId(name)).terminate('by force');
  // A second sweep sees it again, and finds nothing new.
  for (const sweeps of [1, 2]) {
    await client.schedule.getHandle(sweepScheduleId(ACCOUNT)).trigger();
    await untilSeen('navarch_provisioner_sweeps_total', { outcome: 'done' }, sweeps);
  }
  await untilSeen('navarch_provisioner_sweep_instances', { verdict: 'suspected' }, 1);
  await untilSeen('navarch_provisioner_nodes', { state: 'kept' }, 0);
}

async function untilSeen(name: string, labels: Readonly<Record<string, string>>, value: number): Promise<void> {
  await vi.waitFor(async () => {
    page = await Scrape.of(url);
    expect({ name, labels, value: page.value(name, labels) }).toEqual({ name, labels, value });
  }, WITHIN);
}

test.each(definitions)('$name is seen, with its type, its help, and the labels that are said', (definition) => {
  const { name, type, help, labels } = definition;
  expect(page.typeOf(name)).toBe(type);
  expect(page.helpOf(name)).toBe(help);
  const series = page.series(type === 'histogram' ? `${name}_count` : name);
  expect(series).not.toEqual([]);
  for (const { labels: seen } of series) {
    expect(seen['account']).toBe(ACCOUNT);
    const own = Object.fromEntries(Object.entries(seen).filter(([label]) => !FROM_THE_SDK.includes(label)));
    expect(Object.keys(own).toSorted()).toEqual(Object.keys(labels).toSorted());
    for (const [label, value] of Object.entries(own)) expect(labels[label]).toContain(value);
  }
});

test('nothing else is called as ours are', () => {
  const known = definitions.map(({ name }) => name).toSorted();
  expect(page.names.filter((name) => name.startsWith('navarch')).toSorted()).toEqual(known);
});

test.each([
  ['provisions_total', { outcome: 'ready' }, 1],
  ['provisions_total', { outcome: 'bootstrap_failed' }, 1],
  ['launches_total', { outcome: 'accepted' }, 1],
  ['launches_total', { outcome: 'capacity_unavailable' }, 1],
  ['launches_total', { outcome: 'unknown' }, 1],
  ['launches_settled_total', { outcome: 'adopted' }, 1],
  ['launches_settled_total', { outcome: 'absent' }, undefined],
  ['capacity_wait_seconds_count', { outcome: 'granted' }, 3],
  ['launch_to_ready_seconds_count', {}, 1],
  ['phase_duration_seconds_count', { phase: 'unwinding' }, 1],
  ['unwinds_started_total', { reason: 'bootstrap_failed' }, 1],
  ['unwinds_finished_total', { reason: 'bootstrap_failed' }, 1],
  ['attention_requests_total', {}, 1],
  ['orphans_found_total', {}, 1],
  ['orphans_ended_total', {}, 0],
  ['lambda_requests_total', { operation: 'launchInstance' }, 3],
  ['lambda_requests_total', { operation: 'launchInstance', status: 'none' }, 1],
  ['ready', {}, 1],
] as const)('%s %o is %s, as it was', (name, labels, value) => {
  expect(page.value(`navarch_provisioner_${name}`, labels)).toBe(value);
});

// One was planted; on a busy machine two requests may also come nearer each other than they were sent, and the sped-up limits are narrow.
test('each answer 429 that the simulated Lambda gave is counted', async () => {
  const { requests } = world.simulator.record;
  await vi.waitFor(async () => {
    const limited = requests.filter(({ status }) => status === 429).length;
    expect(limited).toBeGreaterThan(0);
    const now = await Scrape.of(url);
    expect(now.value('navarch_provisioner_lambda_rate_limited_total')).toBe(limited);
    expect(now.value('navarch_provisioner_lambda_requests_total', { status: '429' })).toBe(limited);
  }, WITHIN);
});

test("every request that the simulated Lambda got is counted, and the budget's share follows from it", async () => {
  const { requests } = world.simulator.record;
  await vi.waitFor(async () => {
    const before = requests.length;
    page = await Scrape.of(url);
    expect(page.value('navarch_provisioner_lambda_requests_total')).toBe(before);
  }, WITHIN);
  const interval = parseDuration(world.environment['LAMBDA_REQUEST_INTERVAL'] ?? '') ?? 0;
  expect(page.value('navarch_provisioner_lambda_request_interval_seconds')).toBe(interval / 1_000);
});

type Line = Readonly<Record<string, unknown>>;

function logged(message: string): readonly Line[] {
  return lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === message);
}

const UUID = /^[\da-f-]{36}$/;

test.each([
  [
    'launched',
    {
      level: 'info',
      instanceType: TYPE,
      region: REGION,
      instanceId: expect.stringMatching(/^[\da-f]{32}$/) as unknown,
    },
    2,
  ],
  ['not launched', { level: 'info', forCapacity: true, reason: '[redacted]' }, 1],
  [
    'node ready',
    {
      level: 'info',
      launches: 1,
      secondsFromRequest: expect.any(Number) as unknown,
      secondsFromLaunch: expect.any(Number) as unknown,
    },
    1,
  ],
  ['unwound, and proven gone', { level: 'info', reason: '[redacted]' }, 1],
  ['needs attention', { level: 'error', reason: '[redacted]', workflowType: 'keepNode' }, 1],
  ['needs no attention any more', { level: 'info', workflowType: 'keepNode' }, 1],
] as const)('the log says once, with its fields: %s', (message, fields, times) => {
  const found = logged(message);
  expect(found).toHaveLength(times);
  for (const line of found) {
    expect(line).toMatchObject({ ...fields, component: 'workflow', runId: expect.stringMatching(UUID) as unknown });
    expect(line['workflowId']).toMatch(new RegExp(`^(provision-node|node)/${String(line['node'])}$`));
    expect(line['node']).toMatch(/^node-\d+-\d+$/);
  }
});

test("lines about an activity have its workflow's ids and node, too", () => {
  const of = (type: string): Line | undefined =>
    logged('Activity completed').find(({ activityType }) => activityType === type);
  expect(of('awaitHost')).toMatchObject({
    node: expect.stringMatching(/^node-/) as unknown,
    workflowId: expect.stringMatching(/^provision-node\/node-/) as unknown,
    workflowType: 'provisionNode',
    attempt: 1,
  });
  expect(of('surveyInstances')).toMatchObject({ workflowType: 'sweepOrphans' });
  expect(of('surveyInstances')).not.toHaveProperty('node');
});

/** Of the SDK, and only there once something has gone wrong: with the labels that its core gives them. */
const RARE: Readonly<Record<string, readonly string[]>> = {
  temporal_workflow_task_execution_failed: ['namespace', 'task_queue', 'workflow_type', 'failure_reason'],
};

test.each(deployedQueries().filter(({ expr }) => expr.includes('temporal_')))(
  "$from asks for metrics of Temporal's SDK, and for labels, that are seen here",
  ({ expr }) => {
    const { metrics, labels } = readPromQl(expr);
    const seen = metrics.flatMap((metric) => {
      const rare = RARE[metric];
      const series = page.series(metric).map((one) => Object.keys(one.labels));
      expect(rare ?? series[0], metric).toBeDefined();
      return [...(rare ?? []), ...(series[0] ?? [])];
    });
    for (const label of labels) expect([...seen, 'account']).toContain(label);
  },
);
