import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduleHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { SweepResult } from '../../src/contract/sweep.ts';
import { keepNodeId, sweepScheduleId } from '../../src/contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS } from '../../src/domain/deadlines.ts';
import { Estate, openCloud, pause, type CloudSite } from './harness/estate.ts';
import { scaled } from './harness/scale.ts';

// P5: the sweeps are a Schedule's, which hands each the ledger of the last. Here it is triggered by hand, at its pace on our shortened clock.

const ACCOUNT = `schedule-${process.pid}`;
let cloud: CloudSite;
let estate: Estate;
let schedule: ScheduleHandle;

beforeAll(async () => {
  cloud = await openCloud(ACCOUNT, 41);
  estate = await Estate.open(cloud, inject('temporalAddress'), inject('workflowBundlePath'));
  schedule = estate.client.schedule.getHandle(sweepScheduleId(cloud.site.account));
});
afterAll(async () => {
  await schedule.delete();
  await estate.close();
  await cloud.simulator.close();
});

/** Lets the Schedule act now, and returns what that sweep found. */
async function triggered(): Promise<SweepResult> {
  const { numActionsTaken } = (await schedule.describe()).info;
  await schedule.trigger();
  for (;;) {
    const { info } = await schedule.describe();
    const action = info.recentActions.at(-1)?.action;
    if (info.numActionsTaken > numActionsTaken && action !== undefined) {
      const { workflowId, firstExecutionRunId } = action.workflow;
      return estate.client.workflow.getHandle<() => Promise<SweepResult>>(workflowId, firstExecutionRunId).result();
    }
    await sleep(50);
  }
}

test('every worker makes sure of the Schedule, and leaves it paused when somebody paused it', async () => {
  await schedule.pause('somebody looks at something');
  await estate.replaceWorker();
  const { state, spec, policies } = await schedule.describe();
  expect(state).toMatchObject({ paused: true, note: 'somebody looks at something' });
  expect(spec.intervals).toMatchObject([{ every: SWEEP_INTERVAL_MS }]);
  expect(policies.overlap).toBe('SKIP');
});

test('its sweeps hand the ledger on: suspected by the first, ended by the second, proven by the third', async () => {
  // Paused, it still acts when triggered: its own action of every tenth minute by the clock must not come between those of this story.
  await schedule.pause('sweeps when triggered only');
  const { name, instanceId } = await estate.provision(`${ACCOUNT}-node`);
  const owned = await triggered();
  expect(owned.counts).toMatchObject({ owned: 1, suspected: 0 });
  expect(owned.ledger.instances[instanceId]?.ownedAt).toBeDefined();

  await estate.client.workflow.getHandle(keepNodeId(name)).terminate('by force');
  const first = await triggered();
  expect(first.counts).toMatchObject({ owned: 0, suspected: 1, orphan: 0 });
  expect(first.ended).toEqual([]);
  // A sweep by hand knows what the Schedule's last one has noted, and one that comes too early ends nothing.
  const early = await estate.execute('sweepOrphans', {});
  expect(early).toMatchObject({ counts: { suspected: 1 }, ended: [] });
  expect((early as SweepResult).ledger.instances[instanceId]?.ownerlessSince).toBe(
    first.ledger.instances[instanceId]?.ownerlessSince,
  );

  await pause(scaled(SWEEP_INTERVAL_MS));
  const second = await triggered();
  expect(second).toMatchObject({ counts: { orphan: 1 }, ended: [instanceId], unproven: 1 });
  expect(estate.simulator.oracles.instancesBilling()).toEqual([]);

  let last = second;
  for (let sweeps = 0; last.unproven > 0 && sweeps < 5; sweeps += 1) {
    await pause(scaled(SWEEP_INTERVAL_MS));
    last = await triggered();
  }
  expect(last).toMatchObject({ unproven: 0, proven: [instanceId] });
  expect(estate.simulator.oracles.instancesAlive()).toEqual([]);
  expect(estate.simulator.oracles.terminationsOf(instanceId)).toHaveLength(1);
});
