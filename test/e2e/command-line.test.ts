import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { execa } from 'execa';
import { Client, Connection } from '@temporalio/client';
import { provisionNodeId } from '../../src/contract/workflow-ids.ts';
import { mainTaskQueue } from '../../src/contract/task-queues.ts';
import { createWorld, type World } from '../../src/demo/world.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { resolveTemporalCli } from '../../src/temporal-server/index.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { run, started, startedWorker, subprocess, untilShown } from '../support/command-line.ts';
import { endingOf } from '../support/provisions.ts';

// What a platform engineer does, with the real command line on a real Temporal server: the cloud is simulated, its protocols are not.

const ACCOUNT = `e2e-${process.pid}`;
let world: World;

beforeAll(async () => {
  world = await createWorld({
    temporalAddress: inject('temporalAddress'),
    logger: createLogger({ level: 'error', format: 'json' }),
    account: ACCOUNT,
    seed: 11,
    clockFactor: 60,
    workflowBundlePath: inject('workflowBundlePath'),
  });
  await world.startWorker();
});
afterAll(async () => {
  await world.close();
});

test('a node is provisioned with its phases shown, listed, joined, refused to another request, and ended', async () => {
  const asked = ['provision', 'alpha', '--type', 'gpu_1x_h100_sxm5', '--pool', 'training', '--wait'] as const;
  const provisioned = await run(ACCOUNT, ...asked);
  expect(provisioned).toMatchObject({ exitCode: 0 });
  // It is asked once a second: which of the phases between it meets is chance.
  expect(provisioned.stdout).toMatch(
    /s {2}(launching|booting|connecting over SSH|proving its GPUs|bootstrapping|registering|waiting until)/,
  );
  const [instance] = world.simulator.record.instances;
  expect(provisioned.stdout).toContain(instance?.id);
  expect(provisioned.stdout).toContain('NVIDIA H100 80GB HBM3');

  const listed = await run(ACCOUNT, '--json', 'list', '--pool', 'training');
  expect(JSON.parse(listed.stdout)).toMatchObject([{ name: 'alpha', phase: 'ready', instanceId: instance?.id }]);

  const again = await run(ACCOUNT, '--json', ...asked);
  expect(JSON.parse(again.stdout)).toMatchObject({ name: 'alpha', instanceId: instance?.id });
  const other = await run(ACCOUNT, 'provision', 'alpha', '--type', 'gpu_1x_a10');
  expect(other).toMatchObject({ exitCode: 5 });
  expect(other.stderr).toMatch(/alpha is held by another request; it differs in instanceType, pool/);

  const ended = await run(ACCOUNT, '--json', 'terminate', 'alpha');
  expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'node_ended', instanceId: instance?.id });
  expect(JSON.parse((await run(ACCOUNT, '--json', 'list')).stdout)).toEqual([]);
  expectCleanSlate(world.simulator);
});

test('with every offering refused it says what it waits for, and launches by itself when capacity returns', async () => {
  const type = 'gpu_1x_a10';
  const regions = ['us-east-1', 'us-west-1'];
  for (const region of regions) world.simulator.controls.setCapacity(type, region, 0);
  const flags = regions.flatMap((region) => ['--region', region]);
  const waiting = started(ACCOUNT, 'provision', 'beta', '--type', type, ...flags, '--wait');
  await untilShown(waiting.stdout, `waiting for capacity: ${type} in us-east-1, us-west-1`);
  world.simulator.controls.setCapacity(type, 'us-west-1', 1);
  expect(await waiting.ended).toMatchObject({ exitCode: 0 });
  const [listed] = JSON.parse((await run(ACCOUNT, '--json', 'list')).stdout) as { region: string }[];
  expect(listed?.region).toBe('us-west-1');
  expect((await run(ACCOUNT, 'terminate', 'beta')).exitCode).toBe(0);
  expectCleanSlate(world.simulator);
});

describe('from any language: plain JSON through the temporal command', () => {
  async function start(name: string, input: unknown): Promise<Client> {
    const cli = await resolveTemporalCli({});
    const address = inject('temporalAddress');
    const where = [
      '--address',
      address,
      '--task-queue',
      mainTaskQueue(ACCOUNT),
      '--workflow-id',
      provisionNodeId(name),
    ];
    await execa(cli, ['workflow', 'start', '--type', 'provisionNode', ...where, '--input', JSON.stringify(input)]);
    return new Client({ connection: await Connection.connect({ address }) });
  }

  test('a request starts a node', async () => {
    const client = await start('gamma', { name: 'gamma', instanceType: ['gpu_1x_gh200'] });
    const node: unknown = await client.workflow.getHandle(provisionNodeId('gamma')).result();
    expect(node).toMatchObject({ name: 'gamma', instanceType: 'gpu_1x_gh200' });
    expect((await run(ACCOUNT, 'terminate', 'gamma')).exitCode).toBe(0);
  });

  test('a bad one fails at once, naming each field', async () => {
    const input = { name: 'n'.repeat(60), sshKeyNames: ['one', 'two'], colour: 'red' };
    const client = await start('bad', input);
    const ending = await endingOf(client.workflow.getHandle(provisionNodeId('bad')).result());
    expect(ending).toMatchObject({ type: 'invalid_request' });
    const fields = ['colour', 'instanceType', 'name', 'sshKeyNames'];
    expect((ending.details as { fields: { field: string }[] }[])[0]?.fields.map(({ field }) => field).sort()).toEqual(
      fields,
    );
  });
});

describe('bad input is one clear error, without a stack trace, and launches nothing', () => {
  test.each([
    [
      'a name that is none',
      ['provision', 'Not_A_Name', '--type', 'gpu_1x_a10'],
      2,
      /name.*DNS label of at most 40 characters/,
    ],
    ['no type', ['provision', 'delta'], 2, /instanceType.*is missing/],
    [
      'a region Lambda does not have',
      ['provision', 'delta', '--type', 'gpu_1x_a10', '--region', 'moon-1', '--wait'],
      2,
      /no region moon-1/,
    ],
    ['a type Lambda does not have', ['provision', 'delta', '--type', 'gpu_9x', '--wait'], 2, /gpu_9x/],
    ['a node nobody knows', ['terminate', 'nobody'], 6, /no node nobody/],
    ['an option that is none', ['list', '--colour'], 2, /unknown option '--colour'/],
  ] as const)('%s', async (_what, args, exitCode, message) => {
    const launches = world.simulator.record.instances.length;
    const result = await run(ACCOUNT, ...args);
    expect(result).toMatchObject({ exitCode });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(world.simulator.record.instances).toHaveLength(launches);
  });

  test('Temporal where there is none', async () => {
    const result = await subprocess(['--address', '127.0.0.1:1', 'list'], process.env).ended;
    expect(result).toMatchObject({ exitCode: 7 });
    expect(result.stderr).toContain('cannot reach Temporal at 127.0.0.1:1');
  });

  test('a worker without its variables names them all', async () => {
    const result = await startedWorker({}).ended;
    expect(result).toMatchObject({ exitCode: 2 });
    for (const name of ['LAMBDA_API_KEY', 'NAVARCH_SSH_PRIVATE_KEY', 'NAVARCH_CONTROL_PLANE_URL']) {
      expect(result.stderr).toContain(`${name} is not set`);
    }
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  test('a worker with an SSH key that cannot be read says so, and shows none of it', async () => {
    const result = await startedWorker({ ...world.environment, NAVARCH_SSH_PRIVATE_KEY: '-----BEGIN NONSENSE-----' })
      .ended;
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toMatch(/NAVARCH_SSH_PRIVATE_KEY: .*unreadable SSH private key/);
    expect(result.stderr).not.toContain('NONSENSE');
  });
});

describe('a worker process', () => {
  test.each([
    ['with a wrong API key', { LAMBDA_API_KEY: 'secret_wrong' }, /LAMBDA_API_KEY.*global\/invalid-api-key/],
    [
      'with a Lambda that cannot be reached',
      { LAMBDA_BASE_URL: 'http://127.0.0.1:1' },
      /LAMBDA_BASE_URL.*127\.0\.0\.1:1/,
    ],
  ])('%s says so when it starts, and is not ready', async (_what, environment, message) => {
    const worker = startedWorker({ ...world.environment, NAVARCH_ACCOUNT: `${ACCOUNT}-lost`, ...environment });
    const said = await untilShown(worker.stderr, message);
    expect(said).not.toContain('secret_wrong');
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ exitCode: 0 });
  });

  test('without Lambda, a provision says why it waits, and is ended with nothing launched', async () => {
    const lost = `${ACCOUNT}-away`;
    const worker = startedWorker({
      ...world.environment,
      NAVARCH_ACCOUNT: lost,
      LAMBDA_BASE_URL: 'http://127.0.0.1:1',
    });
    // Who asks where no worker is yet is told so after some seconds.
    await untilShown(worker.stderr, 'worker started');
    const waiting = started(lost, 'provision', 'omega', '--type', 'gpu_1x_a10', '--wait');
    await untilShown(waiting.stdout, /last answer: lambda API error: .*127\.0\.0\.1:1/);
    expect(await run(lost, 'terminate', 'omega')).toMatchObject({ exitCode: 0 });
    expect(await waiting.ended).toMatchObject({ exitCode: 4 });
    worker.kill('SIGTERM');
    await worker.ended;
  });

  test('warns of a variable that nobody reads, drains on SIGTERM and ends with 0', async () => {
    const account = { NAVARCH_ACCOUNT: `${ACCOUNT}-second` };
    const worker = startedWorker({ ...world.environment, ...account, NAVARCH_LOGLEVEL: 'debug' });
    const line = await untilShown(worker.stderr, 'worker started');
    expect(line).toContain('NAVARCH_LOGLEVEL is set, and nothing reads it; is NAVARCH_LOG_LEVEL meant?');
    const health = /"health":"([^"]+)"/.exec(line)?.[1] ?? '';
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${health}/readyz`)).json()).toEqual({ status: 'ready' });
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ exitCode: 0 });
  });
});
