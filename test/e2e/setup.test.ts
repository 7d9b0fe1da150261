import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { registerSearchAttributes, resolveTemporalCli } from '../../src/temporal-server/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { startWorker, type RunningWorker } from '../../src/worker.ts';
import { cliRun, type CliRun } from '../support/cli-run.ts';
import { startRefusingProxy, type RefusingProxy } from '../support/refusing-proxy.ts';

// `setup` in namespaces of its own on a real Temporal server; behind a proxy that refuses where a permission is to be missing.

const address = inject('temporalAddress');
const NAMES = Object.keys(SEARCH_ATTRIBUTE_TYPES);

let connection: Connection;
let proxy: RefusingProxy;

beforeAll(async () => {
  connection = await Connection.connect({ address });
  proxy = await startRefusingProxy(address);
});

afterAll(async () => {
  await proxy.close();
  await connection.close();
});

/** A namespace that has nothing yet. */
async function freshNamespace(): Promise<string> {
  const namespace = `setup-${randomUUID().slice(0, 8)}`;
  const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
  // The server's own parts learn of it one after the other.
  await expect
    .poll(
      async () => {
        await connection.operatorService.listSearchAttributes({ namespace });
        return (await connection.workflowService.listSchedules({ namespace })).schedules;
      },
      { timeout: 30_000 },
    )
    .toEqual([]);
  return namespace;
}

function setup(namespace: string, ...flags: readonly string[]): Promise<CliRun> {
  // One server has one endpoint of a name.
  return cliRun(
    { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    'setup',
    '--nexus-endpoint',
    namespace,
    ...flags,
  );
}

/** As one who may not do everything. */
function setupRefused(namespace: string, ...flags: readonly string[]): Promise<CliRun> {
  return cliRun(
    {},
    'setup',
    '--address',
    proxy.address,
    '--namespace',
    namespace,
    '--nexus-endpoint',
    namespace,
    ...flags,
  );
}

test('the first run makes everything and says so line by line; the second has nothing to do', async () => {
  const namespace = await freshNamespace();
  const planned = await setup(namespace, '--dry-run');
  expect(planned.code).toBe(0);
  expect(planned.stdout.match(/^would be created {2}/gm)).toHaveLength(NAMES.length + 2);

  const first = await setup(namespace);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toBe(planned.stdout.replaceAll('would be created', 'created'));
  for (const name of NAMES) expect(first.stdout).toContain(`created  search attribute ${name} (`);
  expect(first.stdout).toContain(
    'created  Schedule sweep-orphans/default, every 10m on task queue navarch-provisioner',
  );
  expect(first.stdout).toContain(`created  Nexus endpoint ${namespace}, to task queue navarch-provisioner`);

  const done = { code: 0, stdout: `nothing to do: namespace ${namespace} has all that it needs\n`, stderr: '' };
  expect(await setup(namespace)).toEqual(done);
  expect(await setup(namespace, '--dry-run')).toEqual(done);
  const again = await setup(namespace, '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    namespace,
    dryRun: false,
    parts: [{}, {}, {}].map(() => ({ outcome: 'present' })),
  });
});

test('what an older version or a person has set otherwise is set right; a pause stays', async () => {
  const namespace = await freshNamespace();
  await setup(namespace);
  const request = { namespace, scheduleId: 'sweep-orphans/default' };
  const { schedule } = await connection.workflowService.describeSchedule(request);
  const spec = { interval: [{ interval: { seconds: 3_600 as never } }] };
  const state = { paused: true, notes: 'maintenance' };
  await connection.workflowService.updateSchedule({ ...request, schedule: { ...schedule, spec, state } });

  expect(await setup(namespace)).toMatchObject({
    code: 0,
    stdout: 'updated  Schedule sweep-orphans/default, every 10m on task queue navarch-provisioner\n',
  });
  const { schedule: mended } = await connection.workflowService.describeSchedule(request);
  expect(mended?.state).toMatchObject({ paused: true, notes: 'maintenance' });
  expect(Number(mended?.spec?.interval?.[0]?.interval?.seconds)).toBe(600);
});

test.each([
  { title: 'has ended', spec: { endTime: { seconds: 1_000_000 as never } }, state: {} },
  { title: 'begins in a hundred years', spec: { startTime: { seconds: 4_900_000_000 as never } }, state: {} },
  { title: 'has no action left', spec: {}, state: { limitedActions: true, remainingActions: 0 as never } },
  { title: 'has one action left', spec: {}, state: { limitedActions: true, remainingActions: 1 as never } },
])('a Schedule that $title is set right; a pause stays', async ({ spec, state }) => {
  const namespace = await freshNamespace();
  await setup(namespace);
  const request = { namespace, scheduleId: 'sweep-orphans/default' };
  const { schedule } = await connection.workflowService.describeSchedule(request);
  const pause = { paused: true, notes: 'maintenance' };
  await connection.workflowService.updateSchedule({
    ...request,
    schedule: { ...schedule, spec: { ...schedule?.spec, ...spec }, state: { ...state, ...pause } },
  });

  expect((await setup(namespace)).stdout).toMatch(/^updated {2}Schedule sweep-orphans\/default, .*\n$/);
  const { schedule: mended } = await connection.workflowService.describeSchedule(request);
  expect(mended?.state).toMatchObject({ ...pause, limitedActions: false });
  expect([mended?.spec?.startTime, mended?.spec?.endTime]).toEqual([null, null]);
  expect((await setup(namespace)).stdout).toMatch(/^nothing to do: /);
});

test('what it may not do it says, with commands that do it', async () => {
  const namespace = await freshNamespace();
  for (const method of ['AddSearchAttributes', 'CreateSchedule', 'CreateNexusEndpoint']) proxy.refused.add(method);
  const refused = await setupRefused(namespace);
  proxy.refused.clear();
  expect(refused.code).toBe(9);
  expect(refused.stdout.match(/^not done {2}.*PERMISSION_DENIED/gm)).toHaveLength(3);
  expect(refused.stderr).toContain('3 things are not done');

  const commands = refused.stdout.split('\n').flatMap((line) => (line.startsWith('  temporal ') ? [line.trim()] : []));
  expect(commands.length).toBeGreaterThanOrEqual(4);
  for (const command of commands) expect(command).toContain(`--address ${proxy.address}`);
  await carryOut(commands);
  await expect.poll(async () => (await setup(namespace)).stdout, { timeout: 30_000 }).toMatch(/^nothing to do: /);
});

/** As an administrator, in a shell, with the `temporal` command line. */
async function carryOut(commands: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-setup-'));
  try {
    await symlink(await resolveTemporalCli(), join(folder, 'temporal'));
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
    for (const command of commands) await promisify(execFile)('/bin/sh', ['-c', command], { env });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A worker that may do as much as the proxy lets it. What it says of keys and addresses is not asked here. */
function startWorkerRefused(namespace: string): Promise<RunningWorker> {
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  return startWorker({
    config: readConfig({
      LAMBDA_API_KEY: 'a-key-that-nobody-asks-for',
      LAMBDA_BASE_URL: 'http://127.0.0.1:1',
      NAVARCH_SSH_PRIVATE_KEY: privateKey,
      NAVARCH_CONTROL_PLANE_URL: 'http://127.0.0.1:1',
      NAVARCH_HTTP_ADDRESS: '127.0.0.1:0',
    }),
    temporal: { connection: { address: proxy.address }, namespace },
    logger: installRuntime({ log: { level: 'fatal', format: 'json' }, metricsAddress: undefined }),
    workflowBundlePath: inject('workflowBundlePath'),
  });
}

test('a worker that may not make what it needs says how it is made, and needs no right to once it is', async () => {
  const namespace = await freshNamespace();
  for (const method of ['AddSearchAttributes', 'CreateSchedule', 'UpdateSchedule']) proxy.refused.add(method);
  try {
    const refusal = await startWorkerRefused(namespace).then(
      () => 'it started',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    expect(refusal).toContain('run navarch-provisioner setup, or: temporal operator search-attribute create ');
    // The administrator comes the same way, and may do this.
    proxy.refused.delete('AddSearchAttributes');
    await carryOut([refusal.slice(refusal.indexOf('temporal operator'))]);
    proxy.refused.add('AddSearchAttributes');
    await setup(namespace);
    await expect.poll(async () => (await setup(namespace)).stdout, { timeout: 30_000 }).toMatch(/^nothing to do: /);
    await (await startWorkerRefused(namespace)).stop();
  } finally {
    proxy.refused.clear();
  }
});

test('where the search attributes cannot be listed, as in Temporal Cloud, those that queries take are there', async () => {
  const namespace = await freshNamespace();
  for (const method of ['ListSearchAttributes', 'AddSearchAttributes']) proxy.refused.add(method);
  try {
    // Others are missing still.
    await registerSearchAttributes(connection, namespace, { NavarchNode: 'Keyword', NavarchLabels: 'KeywordList' });
    const missing = NAMES.filter((name) => name !== 'NavarchNode' && name !== 'NavarchLabels').join(', ');
    await expect
      .poll(async () => (await setupRefused(namespace, '--no-nexus')).stdout, { timeout: 30_000 })
      .toContain(`not done  search attributes ${missing}: no permission`);
    const doctor = await cliRun({}, 'doctor', '--address', proxy.address, '--namespace', namespace);
    expect(doctor.stdout).toMatch(new RegExp(`^wrong +search-attributes +missing: ${missing}$`, 'm'));
    await expect(startWorkerRefused(namespace)).rejects.toThrow('search attributes are missing');

    await registerSearchAttributes(connection, namespace, SEARCH_ATTRIBUTE_TYPES);
    await expect
      .poll(async () => (await setupRefused(namespace, '--no-nexus')).stdout, { timeout: 30_000 })
      .toMatch(/^nothing to do: /);
    await (await startWorkerRefused(namespace)).stop();
  } finally {
    proxy.refused.clear();
  }
});

test('one missing permission is one thing not done; the rest is done', async () => {
  const namespace = await freshNamespace();
  proxy.refused.add('CreateSchedule');
  const refused = await setupRefused(namespace, '--json');
  proxy.refused.clear();
  expect(refused.code).toBe(9);
  const { parts } = JSON.parse(refused.stdout) as { parts: { part: string; outcome: string; todo?: string[] }[] };
  expect(parts.filter(({ outcome }) => outcome === 'created')).toHaveLength(NAMES.length + 1);
  const [left, ...others] = parts.filter(({ outcome }) => outcome === 'not_done');
  expect(others).toEqual([]);
  expect(left?.part).toContain('Schedule sweep-orphans/default');
  expect(left?.todo).toEqual([expect.stringContaining('temporal schedule create ')]);
});

test('a search attribute of another type is nobody’s to change: what to do is said', async () => {
  const namespace = await freshNamespace();
  await registerSearchAttributes(connection, namespace, { NavarchNode: 'Int' });
  const said = await setup(namespace);
  expect(said.code).toBe(9);
  expect(said.stdout).toContain('not done  search attribute NavarchNode: ');
  expect(said.stdout).toContain('temporal operator search-attribute remove');
});

test('an endpoint that leads to another namespace is left alone', async () => {
  const [first, second] = [await freshNamespace(), await freshNamespace()];
  await setup(first);
  const env = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: second };
  const said = await cliRun(env, 'setup', '--nexus-endpoint', first);
  expect(said.code).toBe(9);
  expect(said.stdout).toContain(`this one leads to namespace ${first}`);
  expect((await cliRun(env, 'setup', '--no-nexus')).stdout).toMatch(/^nothing to do: /);
  expect((await setup(first)).stdout).toMatch(/^nothing to do/);
});

test('a namespace that is not there is not made, and nothing else is tried', async () => {
  const said = await setup('nowhere-at-all');
  expect(said.code).toBe(9);
  expect(said.stdout).toContain('not done  namespace nowhere-at-all');
  expect(said.stdout).toContain('temporal operator namespace create');
});
