import { SEARCH_ATTRIBUTE } from '../../contract/search-attributes.ts';
import { provisionNodeId } from '../../contract/workflow-ids.ts';
import { endNode, NODE, provisionNode, tellNode } from '../node.ts';
import { launchRequests, type Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-process.ts';

export const workerCrash: Scenario = {
  title: 'the worker is killed while a machine boots that is paid for already',
  simulation: {
    // Slower to its address than the worker's first look, so that there is a wait to be killed in.
    faults: [{ on: 'instance', launch: 1, do: { kind: 'boots', addressAfterMs: 50_000, activeAfterMs: 90_000 } }],
    // A worker process looks at an ending machine every 15 seconds of real time: the story is not about those.
    bootModel: { terminationMs: [2_000, 2_000] },
  },

  async play(stage) {
    const { tell } = stage;
    const { simulator } = stage.world;
    const first = await startProcess(stage);
    const started = [first.pid];
    let wasKilled: boolean | undefined;
    const node = await provisionNode(stage, async (until) => {
      await until(async () => (await isWaitingForNews(stage)) || undefined);
      wasKilled = await first.kill();
      tell(
        'what goes wrong',
        `process ${first.pid} gets SIGKILL: no goodbye, and no worker is left; the machine boots on`,
      );
      tell(
        'what is done about it',
        'Temporal holds the story so far and when the next look is due; any worker can go on',
      );
      started.push((await startProcess(stage)).pid);
      tell('', 'takes over, once Temporal has given the worker that it knew ten seconds to answer');
    });
    tellNode(stage, node);
    await endNode(stage);

    const worked = await workersOf(stage);
    return [
      {
        claim: `process ${started[0] ?? 0} was killed in the middle`,
        holds: wasKilled === true && worked[0] === started[0],
      },
      { claim: `process ${started[1] ?? 0} finished the job`, holds: worked.length === 2 && worked[1] === started[1] },
      { claim: 'one launch request was sent in all', holds: launchRequests(simulator).length === 1 },
      {
        claim: 'the machine it had made became the node',
        holds: node.instanceId === simulator.record.instances[0]?.id,
      },
    ];
  },
};

async function startProcess(stage: Stage): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(stage);
  stage.tell('worker', `a process of its own, ${worker.pid}`);
  return worker;
}

/** It has launched, and waits for news of its instance: nothing is in flight. */
async function isWaitingForNews({ temporal }: Stage): Promise<boolean> {
  const { raw, typedSearchAttributes } = await temporal.workflow.getHandle(provisionNodeId(NODE)).describe();
  const phase = typedSearchAttributes.get(SEARCH_ATTRIBUTE.phase);
  return (raw.pendingActivities ?? []).length === 0 && phase === 'booting';
}

/** The processes that worked on the provision's workflow, in the order of its history. */
async function workersOf({ temporal }: Stage): Promise<readonly number[]> {
  const { events } = await temporal.workflow.getHandle(provisionNodeId(NODE)).fetchHistory();
  // A worker is known to Temporal as pid@host.
  const pids = (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: task }) =>
    task?.identity == null ? [] : [Number.parseInt(task.identity, 10)],
  );
  return [...new Set(pids)];
}
