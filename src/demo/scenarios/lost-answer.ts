import { endNode, provisionNode, tellNode } from '../node.ts';
import { launchRequests, type Scenario } from '../scenario.ts';

/** Simulated. New instances have been missing from Lambda's list for a while: the first look must not settle it. */
const UNLISTED_MS = 60_000;

export const lostAnswer: Scenario = {
  title: 'Lambda creates the machine, but the answer that names it is lost on the way',
  simulation: {
    faults: [
      { on: 'launch', nth: 1, do: { kind: 'lost-answer', as: { answer: 'error', status: 502, body: 'empty' } } },
      { on: 'instance', launch: 1, do: { kind: 'unlisted', forMs: UNLISTED_MS } },
    ],
  },

  async play(stage) {
    const { tell } = stage;
    const { simulator } = stage.world;
    const { clock } = simulator;
    // Undone while the list does not show it yet, its end could be proven only by ten minutes of absence.
    stage.signal.addEventListener('abort', () => clock.advanceTo(clock.now() + UNLISTED_MS), { once: true });
    await stage.startWorker();
    const node = await provisionNode(stage, async (until, provision) => {
      const [launch] = await until(() =>
        launchRequests(simulator).some((r) => r.status === 502) ? launchRequests(simulator) : undefined,
      );
      tell(
        'what goes wrong',
        `instance ${launch?.createdInstanceId ?? ''} exists and costs money; the worker was told 502 and no id`,
      );
      await until(() => simulator.record.requests.find(({ operation }) => operation === 'list'));
      tell(
        'what is done about it',
        'no second launch: that could be a second machine. The first is looked for by the token in its',
      );
      tell('', 'tags; a list that does not show it yet proves nothing, so it is looked for again, in 20 seconds');
      const instanceId = await until(async () => (await provision.status()).instanceId);
      tell('adopted', `${instanceId} carries our token: it is taken as if the answer had named it`);
    });
    tellNode(stage, node);
    await endNode(stage);

    const requests = launchRequests(simulator);
    return [
      { claim: 'exactly one launch request was sent', holds: requests.length === 1 },
      {
        claim: 'its answer was lost after it had taken effect',
        holds: requests[0]?.faults.includes('lost-answer') === true && requests[0].createdInstanceId !== undefined,
      },
      { claim: 'the instance it had made became the node', holds: node.instanceId === requests[0]?.createdInstanceId },
    ];
  },
};
