import { endNode, provisionNode, tellNode } from '../node.ts';
import { launchRequests, type Scenario } from '../scenario.ts';

const TYPE = 'gpu_1x_a100_sxm4';
const REGION = 'us-midwest-1';

/** So many looks in vain are enough to see that it waits. */
const LOOKS_IN_VAIN = 4;

export const capacity: Scenario = {
  title: 'Lambda has no room for any wanted type in any region, until somebody gives a machine back',
  simulation: { capacity: { kind: 'none' } },

  async play(stage) {
    const { tell } = stage;
    const { simulator } = stage.world;
    const looks = (): number =>
      simulator.record.requests.filter(({ operation }) => operation === 'instance-types').length;
    await stage.startWorker();
    let returnedAt = Infinity;
    const node = await provisionNode(stage, async (until) => {
      await until(() => looks() > 0 || undefined);
      tell('what goes wrong', 'every region is full, for both types that the request accepts');
      tell(
        'what is done about it',
        'nothing is launched to be refused: the workflow looks again and again, for 30 days if need be',
      );
      await until(() => looks() >= LOOKS_IN_VAIN || undefined);
      returnedAt = simulator.clock.now();
      simulator.controls.setCapacity(TYPE, REGION, 1);
      tell('in the cloud', `after ${looks()} looks in vain: room for one ${TYPE} in ${REGION}, the second choice`);
      await until(() => launchRequests(simulator)[0]);
      tell('taken', 'the next look saw it, and the launch went out at once; nobody had to ask again');
    });
    tellNode(stage, node);
    await endNode(stage);

    const requests = launchRequests(simulator);
    return [
      { claim: `it looked at least ${LOOKS_IN_VAIN} times in vain`, holds: looks() > LOOKS_IN_VAIN },
      { claim: 'no launch was sent before there was room', holds: requests.every(({ at }) => at >= returnedAt) },
      {
        claim: 'one launch request was sent, and it was not refused',
        holds: requests.length === 1 && requests[0]?.status === 200,
      },
      {
        claim: `the node came up where room was: ${node.instanceType} in ${node.region}`,
        holds: node.instanceType === TYPE && node.region === REGION,
      },
    ];
  },
};
