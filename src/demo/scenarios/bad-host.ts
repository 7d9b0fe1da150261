import { endNode, provisionNode, tellNode } from '../node.ts';
import { launchRequests, type Scenario } from '../scenario.ts';

export const badHost: Scenario = {
  title: 'the machine that Lambda gives first is broken: it never answers over SSH and turns unhealthy',
  simulation: {
    faults: [
      { on: 'instance', launch: 1, do: { kind: 'unhealthy' } },
      { on: 'instance', launch: 1, do: { kind: 'boots', activeAfterMs: 90_000 } },
      { on: 'instance', launch: 2, do: { kind: 'boots', activeAfterMs: 120_000 } },
    ],
  },

  async play(stage) {
    const { tell } = stage;
    const { simulator } = stage.world;
    const { instances } = simulator.record;
    await stage.startWorker();
    const node = await provisionNode(stage, async (until) => {
      await until(() => instances[0]?.status === 'unhealthy' || undefined);
      tell(
        'what goes wrong',
        `Lambda's own word for ${instances[0]?.id ?? ''} is now unhealthy; it is billed all the same`,
      );
      await until(() => instances[0]?.status === 'terminating' || undefined);
      tell(
        'what is done about it',
        'condemned: it is terminated, and no other machine is launched until it is proven gone',
      );
      await until(() => instances[0]?.status === 'terminated' || undefined);
      tell('in the cloud', 'the first machine is terminated: the workflow waits until Lambda says so');
      await until(() => instances[1]);
      tell('second try', 'a new launch with a token of its own, so that no undo of the first can touch it');
    });
    tellNode(stage, node);
    await endNode(stage);

    const [first, second] = instances;
    return [
      {
        claim: 'two launches were sent, each once',
        holds:
          [...simulator.oracles.launchesPerToken().values()].every(({ requests }) => requests === 1) &&
          launchRequests(simulator).length === 2,
      },
      {
        claim: 'the first machine turned unhealthy and was never a node',
        holds:
          first !== undefined &&
          first.firstHealthyAt === undefined &&
          first.history.some(({ status }) => status === 'unhealthy'),
      },
      {
        claim: 'it was gone before the second was launched',
        holds:
          first?.endedAt !== undefined &&
          first.endedBy === 'api' &&
          second !== undefined &&
          first.endedAt <= second.acceptedAt,
      },
      { claim: 'the second became the node', holds: node.instanceId === second?.id && node.launchesUsed === 2 },
    ];
  },
};
