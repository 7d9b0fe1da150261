import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runCli, type ExitCode, type OutputStream } from '../../src/cli/index.ts';
import type { ErrorDocument } from '../../src/cli/error-json.ts';
import { createWorld, type World } from '../../src/demo/world.ts';
import type { Node } from '../../src/sdk/index.ts';
import { REGIONS } from '../../src/simulator/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';

// The command line over a real Temporal server, a real worker, and a simulated cloud whose clock runs fast. One story a test, in order:
// the first ones run before there is a worker.

const address = inject('temporalAddress');
const account = `cli-${randomUUID().slice(0, 8)}`;
const TYPE = 'gpu_1x_h100_sxm5';
const SCARCE = 'gpu_8x_h100_sxm5';
const NEVER = 'gpu_8x_a100_80gb_sxm4';

let world: World;
/** Asks for what there never is. It looks for a minute at least, so it does that beside the other stories. */
let hasty: Command;

beforeAll(async () => {
  world = await createWorld({
    temporalAddress: address,
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account,
    clockFactor: 40,
    workflowBundlePath: inject('workflowBundlePath'),
  });
  setCapacity(SCARCE, 0);
  setCapacity(NEVER, 0);
});

afterAll(async () => {
  await world.close();
});

function setCapacity(type: string, slots: number): void {
  for (const { name } of REGIONS) world.simulator.controls.setCapacity(type, name, slots);
}

/** Keeps what is written, and tells who waits for it. */
class Output implements OutputStream {
  text = '';
  #waiting: (() => void)[] = [];

  write(text: string): void {
    this.text += text;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async says(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

interface Command {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly code: Promise<ExitCode>;
  /** Ctrl-C. */
  interrupt(): void;
}

function start(...argv: string[]): Command {
  const stdout = new Output();
  const stderr = new Output();
  const person = new AbortController();
  const env = { TEMPORAL_ADDRESS: address, NAVARCH_ACCOUNT: account };
  const code = runCli(argv, { stdout, stderr, env, signal: person.signal });
  return { stdout, stderr, code, interrupt: () => person.abort() };
}

async function run(...argv: string[]): Promise<{ code: ExitCode; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = start(...argv);
  return { code: await code, stdout: stdout.text, stderr: stderr.text };
}

test('without a worker nothing is started, and the command says what to start', async () => {
  const provision = await run('provision', 'nobody', '--type', TYPE);
  expect(provision).toMatchObject({ code: 7, stdout: '' });
  expect(provision.stderr).toContain(`no worker polls task queue navarch-provisioner-${account}`);
  expect(provision.stderr).toContain('`navarch-provisioner worker`');
  expect(await run('list')).toEqual({ code: 0, stdout: 'no nodes\n', stderr: '' });
  expect(await run('status', 'nobody')).toMatchObject({ code: 6 });
});

test('types and instances are asked of the worker: the caller needs no Lambda key', async () => {
  await world.startWorker();
  const { code, stdout } = await run('types');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^${SCARCE} +8 +\\$[\\d.]+/h +none `, 'm'));
  expect(await run('instances')).toEqual({ code: 0, stdout: 'no instances\n', stderr: '' });
});

test('a request that cannot be right is refused before it is sent, and every field is named', async () => {
  const sent = world.simulator.record.requests.length;
  const refused = await run('provision', 'Trainer', '--ssh-key', 'a', '--ssh-key', 'b', '--lifetime', 'long');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  for (const named of ['name (<name>)', 'instanceType (--type)', 'sshKeyNames (--ssh-key)', 'lifetime (--lifetime)']) {
    expect(refused.stderr).toContain(named);
  }
  expect(world.simulator.record.requests).toHaveLength(sent);
});

test('what only Lambda knows to be wrong ends the provision with one clear error, and nothing launched', async () => {
  const region = await run('provision', 'nowhere', '--type', TYPE, '--region', 'us-nowhere-1', '--wait');
  expect(region.code).toBe(2);
  expect(region.stderr).toMatch(/^error: .*us-nowhere-1/);
  expect(region.stderr).not.toMatch(/^\s+at /m);
  const { code, stderr } = await run('status', 'nowhere');
  expect(code).toBe(6);
  expect(stderr).toContain('its last provision failed: ');
  expectCleanSlate(world.simulator);
});

test('a key that Lambda refuses is said once, and nothing is launched', async () => {
  const { controls, apiKey } = world.simulator;
  controls.revokeKey(apiKey);
  const { code, stdout, stderr } = await run('provision', 'keyless', '--type', TYPE, '--wait', '--json');
  controls.restoreKey(apiKey);
  expect(code).toBe(4);
  const { error } = JSON.parse(stdout) as ErrorDocument;
  expect(error).toMatchObject({ type: 'unauthorized', exitCode: 4, workflowId: 'provision-node/keyless' });
  expect(error.message).toMatch(/^lambda API error: /);
  expect(stderr).toMatch(/^error: lambda API error: /m);
  expect(stderr).toContain('LAMBDA_API_KEY');
  expect(stderr).not.toContain(apiKey);
  expectCleanSlate(world.simulator);
});

test('without capacity it waits and says for what; Ctrl-C says what goes on; terminate ends it', async () => {
  hasty = start('provision', 'hasty', '--type', NEVER, '--wait-up-to', '1s', '--wait');
  const command = start('provision', 'waiter', '--type', SCARCE, '--wait');
  await command.stdout.says(`waiting for capacity: ${SCARCE} in any region`);
  command.interrupt();
  expect(await command.code).toBe(130);
  expect(command.stderr.text).toContain('the provision of waiter goes on');
  expect(command.stderr.text).toContain('navarch-provisioner terminate waiter');

  expect((await run('status', 'waiter')).stdout).toMatch(/^phase +waiting for capacity/);
  const other = await run('provision', 'waiter', '--type', TYPE);
  expect(other.code).toBe(5);
  expect(other.stderr).toContain('it differs in instanceType');

  const ended = await run('terminate', 'waiter', '--reason', 'not needed');
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain('the provision of waiter is cancelled');
  expect(await run('terminate', 'waiter')).toMatchObject({ code: 6 });
});

test('a provision is found by its labels, and cancelled; what is ready is not', async () => {
  const labels = ['--label', 'team=vision', '--label', 'cost:centre=7'];
  expect(await run('provision', 'second', '--type', SCARCE, ...labels)).toMatchObject({ code: 0 });
  const listed = async (...flags: string[]): Promise<string> => (await run('list', ...flags)).stdout;
  await expect.poll(() => listed('--label', 'team=vision', '--label', 'cost:centre=7')).toContain('second');
  expect(await listed('--label', 'team=vision', '--label', 'cost:centre=8')).toBe('no nodes\n');
  expect(await run('list', '--label', 'team')).toMatchObject({ code: 2 });

  const cancelled = await run('cancel', 'second', '--json');
  expect(cancelled.code).toBe(0);
  expect(JSON.parse(cancelled.stdout)).toEqual({ name: 'second', outcome: 'provision_unwound' });
  expect(await run('cancel', 'second')).toMatchObject({ code: 0 });
  expect(await run('cancel', 'nobody')).toMatchObject({ code: 6, stdout: '' });
  expectCleanSlate(world.simulator);
});

test('a node comes up by itself when capacity returns, is found again, and is ended', async () => {
  const command = start('provision', 'trainer', '--type', SCARCE, '--pool', 'training', '--wait', '--json');
  await command.stderr.says('waiting for capacity');
  setCapacity(SCARCE, 1);
  expect(await command.code).toBe(0);
  const node = JSON.parse(command.stdout.text) as Node;
  expect(node).toMatchObject({ name: 'trainer', instanceType: SCARCE, pool: 'training', launchesUsed: 1 });
  expect(command.stderr.text).toMatch(/waiting for capacity: .*\n(.*\n)*.*ready: /);
  expectCleanSlate(world.simulator, { alive: 1 });

  const again = await run('provision', 'trainer', '--type', SCARCE, '--pool', 'training', '--wait');
  expect(again.code).toBe(0);
  expect(again.stdout).toContain(node.instanceId);
  const other = await run('provision', 'trainer', '--type', SCARCE, '--wait');
  expect(other).toMatchObject({ code: 5 });
  expect(other.stderr).toContain('it differs in pool');

  expect((await run('status', 'trainer')).stdout).toMatch(/^phase +ready/);
  await expect
    .poll(async () => (await run('list', '--pool', 'training', '--phase', 'ready')).stdout)
    .toContain('trainer');
  expect((await run('instances')).stdout).toContain(node.instanceId);

  const kept = await run('cancel', 'trainer');
  expect(kept.code).toBe(6);
  expect(kept.stderr).toContain('it is ready; navarch-provisioner terminate trainer');
  expect(await run('cancel', 'trainer', '--no-wait')).toMatchObject({ code: 6, stdout: '', stderr: kept.stderr });
  expectCleanSlate(world.simulator, { alive: 1 });

  const ended = await run('terminate', 'trainer', '--json');
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toEqual({ name: 'trainer', outcome: 'node_ended', instanceId: node.instanceId });
  expectCleanSlate(world.simulator);
  expect(world.simulator.oracles.instancesAlive()).toEqual([]);
  expect(await run('status', 'trainer')).toMatchObject({ code: 6 });
});

test('no capacity within the time given for it is an exit code of its own', async () => {
  expect(await hasty.code).toBe(3);
  expect(hasty.stderr.text).toMatch(/^error: no capacity for /);
  expect(hasty.stderr.text).toContain('--wait-up-to');
});
