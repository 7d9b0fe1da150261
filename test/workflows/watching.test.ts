import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterEach, describe, expect, test } from 'vitest';
import { SEARCH_ATTRIBUTE } from '../../src/contract/search-attributes.ts';
import { keepNodeId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import type { WorldOptions } from '../../src/demo/world.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { endingOf, startProvision, uniqueName, untilProgress, type Provision } from '../support/provisions.ts';
import { skippedWorld, type SkippedWorld } from '../support/skipped-world.ts';

// What a person sees in the Temporal UI: current details, search attributes, and the summaries of the timeline.

let world: SkippedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: Partial<WorldOptions> = {}): Promise<SkippedWorld> {
  world = await skippedWorld(options);
  return world;
}

/** As the UI asks for them. */
async function currentDetails(client: Client, workflowId: string): Promise<string> {
  const metadata = await client.workflow.getHandle(workflowId).query<{ currentDetails?: string }>(METADATA_QUERY);
  return metadata.currentDetails ?? '';
}

const METADATA_QUERY = '__temporal_workflow_metadata';

async function phaseAttribute(provision: Provision): Promise<string | undefined> {
  return (await provision.describe()).typedSearchAttributes.get(SEARCH_ATTRIBUTE.phase);
}

describe('current details', () => {
  test('of a provision that waits: what for, until when, and that it costs nothing; cancelled, that nothing was launched', async () => {
    const { taskQueue, client } = await open({ capacity: { kind: 'none' } });
    const provision = await startProvision(client, taskQueue, {
      instanceType: ['gpu_8x_h100_sxm5', 'gpu_8x_a100'],
      region: 'us-east-1',
      pool: 'training',
      capacity: { waitUpTo: '2h', priority: 2 },
    });
    await untilProgress(provision, ({ phase }) => phase === 'waiting_for_capacity');
    const details = await currentDetails(client, provision.workflowId);
    expect(details).toMatch(/^- \*\*waiting for capacity\*\* since .* UTC: gpu_8x_h100_sxm5, gpu_8x_a100 in us-east-1/);
    expect(details).toMatch(/gives up at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    expect(details).toContain(
      '- wanted: gpu_8x_h100_sxm5 or gpu_8x_a100 in us-east-1, pool `training`, priority 2, at most 3 launches',
    );
    expect(details).toContain('the query `waitingLine` there shows the whole line');
    expect(details).toContain('- cost: nothing so far');
    expect(details).toContain('**Request Cancellation** undoes it');

    await provision.cancel();
    await endingOf(provision.result());
    expect(await currentDetails(client, provision.workflowId)).toMatch(
      /^- \*\*cancelled\*\* at .* UTC\n- nothing is left of it: nothing was launched\n/,
    );
    expect(await phaseAttribute(provision)).toBe('ended');
  });

  test('of a provision that bootstraps: which command, and what it printed last', async () => {
    const { taskQueue, client } = await open();
    const run = 'for i in 1 2 3; do echo "part $i"; done; sleep 3000';
    const provision = await startProvision(client, taskQueue, {
      bootstrap: { commands: [{ title: 'pull the image', run, timeout: '2h' }] },
      deadlines: { bootstrap: '3h' },
    });
    await untilProgress(provision, ({ machine }) => machine !== undefined);
    const details = await currentDetails(client, provision.workflowId);
    expect(details).toMatch(/^- \*\*bootstrapping\*\* since .* UTC: running the given commands\n/);
    expect(details).toMatch(
      /- on the machine: \*\*pull the image\*\*, .* after the first step began; its last output:/,
    );
    expect(details).toContain('- `part 3`');
    expect(details).toMatch(/- instance `[0-9a-f]{32}` at `[0-9.]+`/);
    expect(details).toMatch(/- launch 1: `gpu_1x_h100_sxm5` in `[a-z0-9-]+`, sent at .* UTC, \\\$4\.29 an hour\n/);
    expect(details).toMatch(/- cost: about \\\$\d+\.\d\d up to .* UTC, and \\\$4\.29 an hour from then on/);
    await provision.cancel();
    await endingOf(provision.result());
  });

  test('of one that unwinds: that Lambda was asked, and why; of the failed one: its type, its reason, what was launched, and that nothing is left', async () => {
    const { simulator, taskQueue, client } = await open({
      faults: [
        { on: 'instance', launch: 1, do: { kind: 'stuck-terminating', forMs: 600_000 } },
        { on: 'instance', launch: 2, do: { kind: 'unhealthy' } },
      ],
    });
    const provision = await startProvision(client, taskQueue, {
      maxLaunches: 2,
      bootstrap: { commands: [{ title: 'fetch the set', run: 'echo "no such set" >&2; exit 7' }] },
    });
    // Nobody waits for its result yet, so that no time is skipped: it stays there.
    const shown = (): Promise<string> => currentDetails(client, provision.workflowId);
    await expect
      .poll(shown, { timeout: 60_000 })
      .toMatch(/- Lambda was asked to terminate instance `[0-9a-f]{32}`; until/);
    expect(await shown()).toMatch(/^- \*\*unwinding\*\* since .*fetch the set.*no such set/);

    expect(await endingOf(provision.result())).toMatchObject({ type: 'instance_failed' });
    const details = await shown();
    expect(details).toMatch(
      /^- \*\*failed\*\* at .* UTC \(`instance_failed`\): .*unhealthy.*\(2 of 2 launches used; all undone\)\n- nothing is left of it: all that was launched/,
    );
    expect(details).toMatch(/- launch 1: .*; undone at .* UTC: .*fetch the set.*no such set/);
    expect(details).toMatch(/- launch 2: .*; undone at .* UTC: Lambda shows the instance unhealthy/);
    expect(details).toMatch(/- cost: about \\\$\d+\.\d\d in all/);
    expect(details).not.toContain('Request Cancellation');
    expect(await phaseAttribute(provision)).toBe('ended');
    expect(await untilProgress(provision, () => true)).toMatchObject({ phase: 'ended', failure: 'instance_failed' });
    expectCleanSlate(simulator);
  });

  test('of a keeper: which machine, until when, what cancelling does; and how it ended', async () => {
    const { taskQueue, client } = await open();
    const name = uniqueName();
    const provision = await startProvision(client, taskQueue, { name, pool: 'training', lifetime: '8h' });
    const { instanceId, address } = await provision.result();
    expect(await currentDetails(client, provision.workflowId)).toMatch(
      new RegExp(`^- \\*\\*ready\\*\\* since .* UTC: handed to node/${name}, which keeps it\n`),
    );
    const keeper = client.workflow.getHandle(keepNodeId(name));
    await untilProgress(keeper, ({ phase }) => phase === 'ready');
    const details = await currentDetails(client, keeper.workflowId);
    expect(details).toMatch(/^- \*\*ready\*\* since .* UTC\n/);
    expect(details).toMatch(/- kept until .* UTC, when its lifetime is over\n/);
    expect(details).toMatch(/`gpu_1x_h100_sxm5` in `[a-z0-9-]+`, 1 × NVIDIA H100 80GB HBM3, pool `training`/);
    expect(details).toContain(`- instance \`${instanceId}\` at \`${address}\``);
    expect(details).toContain('**Request Cancellation** ends the node');

    await client.workflow.execute('terminateNode', {
      workflowId: terminateNodeId(name),
      taskQueue,
      args: [{ name, reason: 'the test is over' }],
    });
    const ended = await currentDetails(client, keeper.workflowId);
    expect(ended).toMatch(/^- \*\*ended\*\* since .* UTC: the test is over\n/);
    expect(ended).toMatch(/- launch 1: .*; ended at .* UTC\n/);
    expect(ended).toMatch(/- cost: about \\\$\d+\.\d\d in all/);
  });
});

test('every step and timer of every story says in the timeline what it is for, in a line that fits', async () => {
  const { taskQueue, client } = await open({
    faults: [
      { on: 'instance', launch: 1, do: { kind: 'unhealthy' } },
      { on: 'launch', nth: 2, do: { kind: 'lost-answer', as: { answer: 'empty' } } },
    ],
  });
  const name = uniqueName();
  const provision = await startProvision(client, taskQueue, { name, deadlines: { whole: '2d' } });
  await provision.result();
  const termination = terminateNodeId(name);
  await client.workflow.execute('terminateNode', {
    workflowId: termination,
    taskQueue,
    args: [{ name, drainFor: '1m' }],
  });
  for (const workflowId of [provision.workflowId, keepNodeId(name), termination]) {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = (events ?? []).filter(
      (event) => event.activityTaskScheduledEventAttributes != null || event.timerStartedEventAttributes != null,
    );
    expect(scheduled.length).toBeGreaterThan(0);
    for (const { eventId, userMetadata, activityTaskScheduledEventAttributes: activity } of scheduled) {
      const payload = userMetadata?.summary;
      const summary = payload == null ? '' : defaultPayloadConverter.fromPayload<string>(payload);
      const what = `${workflowId}, event ${String(eventId)}, ${activity?.activityType?.name ?? 'timer'}`;
      expect(summary.length, what).toBeGreaterThan(3);
      expect(summary.length, what).toBeLessThanOrEqual(100);
    }
  }
});
