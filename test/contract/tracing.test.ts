import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { mainTaskQueue } from '../../src/contract/task-queues.ts';
import { keepNodeId } from '../../src/contract/workflow-ids.ts';
import { createWorld, type World, type WorldOptions } from '../../src/demo/world.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { endingOf, startProvision, type Provision } from '../support/provisions.ts';

// A provision as a collector of OpenTelemetry sees it; and that it makes no difference to the workflow, which replays with tracing and without.

const ACCOUNT = `tracing-${process.pid}`;
const QUEUE = mainTaskQueue(ACCOUNT);
const REQUEST = { instanceType: 'gpu_1x_a10', region: 'us-east-1' };
const HEADER = 'a-key-of-the-collector';

let collector: OtlpReceiver;
let world: World;
let client: Client;
let traced: Provision;

beforeAll(async () => {
  collector = await startOtlpReceiver();
  // The exporter reads these of its process.
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', `x-collector-key=${HEADER}`);
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment=test');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  const options = {
    temporalAddress: inject('temporalAddress'),
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account: ACCOUNT,
    seed: 5,
    clockFactor: 60,
    faults: [
      {
        on: 'launch',
        nth: 1,
        do: { kind: 'error', status: 400, code: 'instance-operations/launch/insufficient-capacity' },
      },
    ],
    workflowBundlePath: inject('workflowBundlePath'),
  } satisfies WorldOptions;
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
  world = await createWorld({ ...options, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
  const worker = await world.startWorker();
  traced = await provisioned();
  // The last spans are sent when it ends.
  await worker.stop();
}, 180_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await client.connection.close();
  await world.close();
  await collector.close();
});

/** A node that is ready, and ended again. */
async function provisioned(): Promise<Provision> {
  const provision = await startProvision(client, QUEUE, REQUEST);
  expect(await endingOf(provision.result())).toMatchObject({ type: 'completed' });
  const keeper = client.workflow.getHandle(keepNodeId(provision.workflowId.replace('provision-node/', '')));
  await keeper.cancel();
  await keeper.result();
  return provision;
}

function named(name: string): readonly ReceivedSpan[] {
  return collector.spans.filter((span) => span.name === name);
}

test('a run is a trace, known by the run id: the run, its phases, and the steps that were carried out for it', async () => {
  const { runId } = await client.workflow
    .getHandle(traced.workflowId)
    .describe()
    .then(({ runId }) => ({ runId }));
  const traceId = runId.replaceAll('-', '');
  const [root] = named('provisionNode');
  expect(root).toMatchObject({ traceId, attributes: { workflowId: traced.workflowId, runId, outcome: 'ready' } });
  expect(root?.parentSpanId ?? '').toBe('');
  expect(root?.attributes).toMatchObject({ 'service.name': 'navarch-provisioner', 'deployment.environment': 'test' });

  const activities = ['launchInstance', 'awaitHost', 'proveGpus', 'runBootstrap', 'awaitRegistration'];
  const phases = ['waiting_for_capacity', 'launching', 'booting', 'connecting', 'bootstrapping', 'registering'];
  for (const name of [...activities, ...phases.map((phase) => `phase ${phase}`)]) {
    const [span] = named(name).filter((one) => one.traceId === traceId);
    expect(span, name).toMatchObject({ parentSpanId: root?.spanId, attributes: { workflowId: traced.workflowId } });
    expect(Number(span?.startTimeUnixNano)).toBeGreaterThanOrEqual(Number(root?.startTimeUnixNano));
    expect(Number(span?.endTimeUnixNano)).toBeGreaterThanOrEqual(Number(span?.startTimeUnixNano));
  }
});

test("a keeper's run is another trace, linked to the provision that made it", () => {
  const [root] = named('provisionNode');
  const [keeper] = named('keepNode');
  expect(keeper).toMatchObject({
    attributes: { outcome: 'asked' },
    links: [{ traceId: root?.traceId, spanId: root?.spanId }],
  });
  expect(named('terminateInstance').map((span) => span.traceId)).toContain(keeper?.traceId);
});

test('of a step that failed, the kind of failure is seen', () => {
  const [failed] = named('launchInstance').filter(({ status }) => status?.code === 2);
  expect(failed?.status?.message).toBe('capacity_unavailable');
});

test('nothing that it sees is secret', () => {
  const { LAMBDA_API_KEY = '-', NAVARCH_SSH_PRIVATE_KEY = '-' } = world.environment;
  const everything = collector.received.join('\n');
  for (const secret of [LAMBDA_API_KEY, ...NAVARCH_SSH_PRIVATE_KEY.split('\n').filter((line) => line.length > 20)])
    expect(everything).not.toContain(secret);
  // It is given the header that is meant for it, and no span has it.
  expect(everything).toContain(HEADER);
  expect(JSON.stringify(collector.spans)).not.toContain(HEADER);
});

test('tracing is no part of the workflow: its history replays without', async () => {
  const history = await client.workflow.getHandle(traced.workflowId).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundlePath') } }, history);
});
