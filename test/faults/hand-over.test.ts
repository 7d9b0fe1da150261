import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keepNodeId, provisionNodeId } from '../../src/contract/workflow-ids.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { endingOf, startProvision, untilProgress } from '../support/provisions.ts';
import { onEstate, pause, type Estate } from './harness/estate.ts';
import { ifRunning, running } from './harness/temporal.ts';
import { expectNothingLeft } from './harness/world.ts';

// P13, P1: from provisionNode to keepNode there is no instant at which nobody owns the instance. Cancel and terminate come at random moments
// around the hand-over, reset goes back to every task of the story; afterwards a node either lives, owned by its keeper, or nothing of it does.

/** Enough for the two sightings of an orphan, its end, and the proof. */
const SWEEPS = 4;

/** What lives is owned, and what is owned lives. */
async function expectOwnedOrGone(estate: Estate, names: readonly string[]): Promise<void> {
  const alive = estate.simulator.oracles.instancesAlive();
  for (const name of names) {
    const ofName = alive.filter(({ tags }) => tags.some(({ key, value }) => key === 'navarch-node' && value === name));
    const keeper = await running(estate.client, keepNodeId(name));
    expect(ofName.length, `instances of ${name}; its keeper ${keeper === undefined ? 'does not run' : 'runs'}`).toBe(
      keeper === undefined ? 0 : 1,
    );
  }
}

async function endAll(estate: Estate, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      if ((await running(estate.client, keepNodeId(name))) !== undefined) await estate.terminate(name);
    }),
  );
  expect(estate.simulator.oracles.instancesAlive()).toEqual([]);
}

describe('around the hand-over', () => {
  test.each(['cancel', 'terminate'] as const)(
    'a %s at any moment leaves a node that is owned, or none',
    async (verb) => {
      await onEstate(`hand-${verb}`, 31, async (estate) => {
        const random = seededRandom(31, verb);
        const names = Array.from({ length: 16 }, (_, n) => `hand-${verb}-${process.pid}-${n}`);
        await Promise.all(
          names.map(async (name) => {
            const provision = await startProvision(estate.client, estate.taskQueue, { name });
            // The first heartbeat is heard about half a second after this; the hand-over takes some tens of milliseconds.
            await untilProgress(provision, ({ phase }) => phase === 'registering' || phase === 'ready');
            let isOver = false;
            const ready = untilProgress(provision, ({ phase }) => phase === 'ready' || isOver).catch(() => undefined);
            await pause(random.between(0, 900));
            await Promise.race([ready, pause(random.between(0, 60))]);
            await ifRunning(() => (verb === 'cancel' ? provision.cancel() : provision.terminate('at any moment')));
            await endingOf(provision.result());
            isOver = true;
            await ready;
          }),
        );
        // Many orphans at once stop a sweep, until somebody has looked and allows it.
        await estate.sweeps(SWEEPS, { allow: names.length });
        await expectOwnedOrGone(estate, names);
        await endAll(estate, names);
        expectNothingLeft(estate.simulator, 'all were ended');
      });
    },
  );

  test('a reset to any task of the story, with its keeper running, neither ends the node nor leaves a second one', async () => {
    await onEstate('hand-reset', 32, async (estate) => {
      const first = `hand-reset-${process.pid}-0`;
      const nodes = [await estate.provision(first)];
      const tasks = (await completedTasks(estate, first)).length;
      const names = Array.from({ length: tasks - 1 }, (_, n) => `hand-reset-${process.pid}-${n + 1}`);
      nodes.push(...(await Promise.all(names.map((name) => estate.provision(name)))));
      await Promise.all(
        nodes.map(async ({ name }, index) => {
          const eventIds = await completedTasks(estate, name);
          await reset(estate, name, eventIds[Math.min(index, eventIds.length - 1)] ?? 0);
          await endingOf(estate.client.workflow.getHandle(provisionNodeId(name)).result());
        }),
      );
      await estate.sweeps(SWEEPS);
      for (const node of nodes) await estate.expectKept(node);
      await expectOwnedOrGone(
        estate,
        nodes.map(({ name }) => name),
      );
      await endAll(
        estate,
        nodes.map(({ name }) => name),
      );
    });
  });
});

/** Event ids of a provision's completed workflow tasks. */
async function completedTasks(estate: Estate, name: string): Promise<number[]> {
  const { events } = await estate.client.workflow.getHandle(provisionNodeId(name)).fetchHistory();
  return (events ?? []).flatMap(({ eventId, workflowTaskCompletedEventAttributes: completed }) =>
    completed === null || completed === undefined ? [] : [Number(eventId)],
  );
}

async function reset({ client }: Estate, name: string, workflowTaskFinishEventId: number): Promise<void> {
  const { runId } = await client.workflow.getHandle(provisionNodeId(name)).describe();
  await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: provisionNodeId(name), runId },
    reason: 'to see what it does',
    requestId: randomUUID(),
    workflowTaskFinishEventId: workflowTaskFinishEventId as unknown as NonNullable<
      Parameters<typeof client.workflowService.resetWorkflowExecution>[0]['workflowTaskFinishEventId']
    >,
  });
}
