import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { progressQuery } from '../../src/contract/messages.ts';
import { taskQueuesOf } from '../../src/contract/task-queues.ts';
import { startProvision, untilProgress } from '../support/provisions.ts';
import { onEstate, pause, type Estate } from './harness/estate.ts';
import { expectNothingLeft } from './harness/world.ts';

// The operator's brake (README): the rate of one task queue is all that goes to Lambda. It is set on the Temporal server, and holds for every worker.

/** temporal.api.enums.v1.TaskQueueType: activities. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const ACTIVITIES = 2 as temporal.api.enums.v1.TaskQueueType;

/** What `temporal task-queue config set --queue-rps-limit <rate>` sends; undefined: `default`. */
async function limit({ client, taskQueue }: Estate, requestsPerSecond: number | undefined): Promise<void> {
  await client.workflowService.updateTaskQueueConfig({
    namespace: 'default',
    taskQueue: taskQueuesOf(taskQueue).lambda,
    taskQueueType: ACTIVITIES,
    updateQueueRateLimit: requestsPerSecond === undefined ? {} : { rateLimit: { requestsPerSecond } },
  });
}

test('while the brake is on nobody asks Lambda anything; when it is off again, all goes on', async () => {
  await onEstate('brake', 61, async (estate) => {
    const { requests } = estate.simulator.record;
    const { name } = await estate.provision('before-the-brake');
    await limit(estate, 0);
    // Those that were on their way to a worker.
    await pause(2_000);
    const before = requests.length;
    const provision = await startProvision(estate.client, estate.taskQueue, { name: 'under-the-brake' });
    await untilProgress(provision, ({ phase }) => phase === 'waiting_for_capacity');
    const ending = estate.terminate(name);
    await pause(5_000);
    expect(requests.slice(before).map(({ operation }) => operation)).toEqual([]);
    expect((await provision.query(progressQuery)).phase).toBe('waiting_for_capacity');

    await limit(estate, undefined);
    await ending;
    await provision.result();
    await estate.terminate('under-the-brake');
    expectNothingLeft(estate.simulator, 'after the brake');
  });
});
