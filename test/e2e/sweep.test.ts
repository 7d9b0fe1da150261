import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { Client, Connection } from '@temporalio/client';
import { keepNodeId } from '../../src/contract/workflow-ids.ts';
import { createWorld, type World } from '../../src/demo/world.ts';
import { TAG } from '../../src/domain/names.ts';
import type { ListedNode, SweepReport } from '../../src/sdk/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { run, started, untilShown, type CommandResult } from '../support/command-line.ts';

// What is left when a workflow was ended by force, and what a person can do about it, with the real command line on a real Temporal server.
// One world, and one story a test, in order. The simulated clock runs fast and ours does not, so every end here is proven by Lambda's own
// word; ends that only absence proves are for the tests whose clock is simulated throughout.

const ACCOUNT = `sweep-${process.pid}`;
const TYPE = 'gpu_1x_a10';
const REGION = 'us-east-1';
/** Nodes of this file; names are one namespace's. */
const [OWNED, ENDED, ADOPTED, RELEASED] = ['sweep-owned', 'sweep-ended', 'sweep-adopted', 'sweep-released'] as const;
const LOST = [ENDED, ADOPTED, RELEASED] as const;

const STRAY_TAGS = [
  { key: TAG.node, value: 'sweep-stray' },
  { key: TAG.launch, value: '0123456789abcdef0123' },
  { key: TAG.namespace, value: '5f0a2f6e-0000-4000-8000-000000000000' },
  { key: TAG.run, value: '5f0a2f6e-1111-4111-8111-111111111111' },
];

let world: World;
let temporal: Client;
/** Launched by somebody else, with none of our tags. */
let foreign: string;
/** Carries our tags, of a namespace that nobody here knows: as after the loss of Temporal's database. */
let stray: string;

beforeAll(async () => {
  world = await createWorld({
    temporalAddress: inject('temporalAddress'),
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account: ACCOUNT,
    seed: 23,
    clockFactor: 60,
    // By id, an instance that ended is shown as such for long: on a slow machine too, that is what proves its end.
    afterEnd: { gettableMs: 3_600_000 },
    workflowBundlePath: inject('workflowBundlePath'),
  });
  stray = await launchBeside('sweep-stray-0123456789abcdef0123', STRAY_TAGS);
  foreign = await launchBeside('somebody-elses', []);
  await world.startWorker();
  temporal = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
  const nodes = await Promise.all(
    [OWNED, ...LOST].map((name) => run(ACCOUNT, 'provision', name, '--type', TYPE, '--region', REGION, '--wait')),
  );
  expect(nodes.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(nodes.map(() => [0, '']));
}, 180_000);

afterAll(async () => {
  await temporal.connection.close();
  await world.close();
});

function instanceOf(node: string): string {
  const found = world.simulator.record.instances.find(({ name }) => name.startsWith(`${node}-`));
  if (found === undefined) throw new Error(`${node} was never launched`);
  return found.id;
}

function truth(instanceId: string) {
  const found = world.simulator.record.instances.find(({ id }) => id === instanceId);
  if (found === undefined) throw new Error(`there is no instance ${instanceId}`);
  return found;
}

function expectForeignUntouched(): void {
  expect(truth(foreign)).toMatchObject({ tags: [], terminateRequestedAt: undefined, endedAt: undefined });
}

/** As any other user of the account does, who waits a moment when refused for the rate of launches. */
async function launchBeside(name: string, tags: readonly { key: string; value: string }[]): Promise<string> {
  const { lambdaUrl, apiKey } = world.simulator;
  const body = { region_name: REGION, instance_type_name: TYPE, ssh_key_names: ['provisioner'], name, tags };
  return vi.waitFor(async () => {
    const response = await fetch(`${lambdaUrl}/instance-operations/launch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { data?: { instance_ids: readonly string[] } };
    const [id] = answer.data?.instance_ids ?? [];
    if (id === undefined) throw new Error(`not launched: ${JSON.stringify(answer)}`);
    return id;
  }, WITHIN);
}

const WITHIN = { timeout: 20_000, interval: 250 };

async function dryRun(): Promise<CommandResult & { readonly lines: readonly string[] }> {
  const result = await run(ACCOUNT, 'sweep', '--dry-run');
  return { ...result, lines: result.stdout.split('\n') };
}

test('while every workflow runs, a dry run shows each instance of ours as owned, and asks about the one it does not know', async () => {
  const before = world.simulator.record.requests.length;
  const { exitCode, stdout, stderr, lines } = await dryRun();
  for (const node of [OWNED, ...LOST]) {
    const line = lines.find((shown) => shown.startsWith(instanceOf(node)));
    expect(line).toMatch(new RegExp(`owned +${node} +active +${TYPE} .* node/${node} lists its launch token$`));
  }
  expect(stdout).toMatch(new RegExp(`^${stray} +unknown +sweep-stray .*another Temporal namespace tagged it`, 'm'));
  expect(lines.at(-1)).toBe('dry run: 5 instances of ours: 4 owned, 1 unknown; nothing was ended');
  expect(exitCode).toBe(8);
  expect(stderr).toContain('a person should look: 1 instance cannot be judged');

  // What carries none of our tags is neither named nor asked for; it is in the list that everybody gets.
  expect(stdout + stderr).not.toContain(foreign);
  const asked = world.simulator.record.requests.slice(before);
  expect(JSON.stringify(asked)).not.toContain(foreign);
  expectForeignUntouched();
});

test.each([
  ['sweep --end', ['sweep', '--end']],
  ['adopt', ['adopt']],
  ['release', ['release']],
] as const)(
  '%s refuses an instance that a workflow owns, or that is not ours, and says what to do',
  async (_verb, command) => {
    const instanceId = instanceOf(OWNED);
    const owned = await run(ACCOUNT, ...command, instanceId);
    expect(owned).toMatchObject({ exitCode: 2 });
    expect(owned.stderr).toContain(
      `node/${OWNED} runs and answers for it: navarch-provisioner terminate ${OWNED} ends the node`,
    );
    expect(truth(instanceId)).toMatchObject({ status: 'active', terminateRequestedAt: undefined });

    const notOurs = await run(ACCOUNT, ...command, foreign);
    expect(notOurs).toMatchObject({ exitCode: 2 });
    expect(notOurs.stderr).toContain('it does not carry our tags; what we did not launch we do not touch');
    expectForeignUntouched();

    const nobody = await run(ACCOUNT, ...command, 'f'.repeat(32));
    expect(nobody).toMatchObject({ exitCode: 4 });
    expect(nobody.stderr).toContain(`Lambda knows no instance ${'f'.repeat(32)}`);
  },
);

test('an instance whose keeper was terminated is suspected, and a first sweep ends nothing', async () => {
  for (const node of LOST) await temporal.workflow.getHandle(keepNodeId(node)).terminate('by force');

  const { lines } = await dryRun();
  for (const node of LOST) {
    expect(lines.find((shown) => shown.startsWith(instanceOf(node)))).toMatch(
      new RegExp(
        `suspected +${node} +active .* the run that launched it has ended, and no running owner of ${node} lists its launch token$`,
      ),
    );
  }
  expect(lines.find((shown) => shown.startsWith(instanceOf(OWNED)))).toMatch(/ owned /);

  const swept = await run(ACCOUNT, '--json', 'sweep');
  const report = JSON.parse(swept.stdout) as SweepReport;
  expect(report).toMatchObject({ dryRun: false, counts: { owned: 1, suspected: 3, unknown: 1 }, ended: [] });
  expect(report).not.toHaveProperty('ledger');
  expect(swept.exitCode).toBe(8);
  for (const node of LOST) expect(truth(instanceOf(node)).status).toBe('active');
});

test('sweep --end ends an instance that nobody owns, and returns on proof', async () => {
  const instanceId = instanceOf(ENDED);
  const ended = await run(ACCOUNT, 'sweep', '--end', instanceId);
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(ended.stdout).toContain(`${instanceId} (node ${ENDED}) is ended, and that is proven`);
  expect(truth(instanceId)).toMatchObject({ status: 'terminated', endedBy: 'api' });

  const again = await run(ACCOUNT, 'sweep', '--end', instanceId);
  expect(again).toMatchObject({ exitCode: 2 });
  expect(again.stderr).toContain('Lambda shows it terminated');
});

test('sweep --end goes on after Ctrl-C, also with an instance of a namespace that nobody knows any more', async () => {
  const command = started(ACCOUNT, 'sweep', '--end', stray);
  await untilShown(command.stdout, 'by hand; waiting for the proof');
  command.kill('SIGINT');
  const { exitCode, stderr } = await command.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toContain(`interrupted; the end of ${stray} goes on`);
  await expect.poll(() => truth(stray).status, WITHIN).toBe('terminated');
});

test('adopt makes an instance that lost its owner a node again: it is listed, and ended by name', async () => {
  const instanceId = instanceOf(ADOPTED);
  const adopted = await run(ACCOUNT, '--json', 'adopt', instanceId);
  expect(JSON.parse(adopted.stdout)).toEqual({ instanceId, node: ADOPTED, keeper: keepNodeId(ADOPTED) });

  const listed = async (): Promise<readonly ListedNode[]> =>
    JSON.parse((await run(ACCOUNT, '--json', 'list')).stdout) as readonly ListedNode[];
  await expect
    .poll(listed, WITHIN)
    .toContainEqual(
      expect.objectContaining({ name: ADOPTED, phase: 'ready', instanceId, workflowId: keepNodeId(ADOPTED) }),
    );
  const { lines } = await dryRun();
  expect(lines.find((shown) => shown.startsWith(instanceId))).toMatch(/ owned /);

  expect(await run(ACCOUNT, 'terminate', ADOPTED)).toMatchObject({ exitCode: 0 });
  expect(truth(instanceId)).toMatchObject({ status: 'terminated', endedBy: 'api' });
});

test('release takes our tags off: the instance runs on, and no later sweep shows it', async () => {
  const instanceId = instanceOf(RELEASED);
  const released = await run(ACCOUNT, 'release', instanceId);
  expect(released).toMatchObject({ exitCode: 0, stderr: '' });
  expect(released.stdout).toContain('runs on');
  expect(truth(instanceId)).toMatchObject({ status: 'active', tags: [] });

  expect((await dryRun()).stdout).not.toContain(instanceId);
  const again = await run(ACCOUNT, 'release', instanceId);
  expect(again.stderr).toContain('it does not carry our tags');
});

test('with nothing left to look at a sweep exits with 0, and nothing but the instances of others is left', async () => {
  expect(await run(ACCOUNT, 'terminate', OWNED)).toMatchObject({ exitCode: 0 });
  const swept = await run(ACCOUNT, 'sweep');
  expect(swept).toMatchObject({ exitCode: 0, stderr: '' });
  expect(swept.stdout).toMatch(/ of ours.*; 0 asked to end$/);
  expectCleanSlate(world.simulator, { alive: 2 });
  expectForeignUntouched();
});
