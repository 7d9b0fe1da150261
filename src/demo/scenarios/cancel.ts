import { provisionNodeId } from '../../contract/workflow-ids.ts';
import { ProvisionCancelledError, type Phase } from '../../sdk/index.ts';
import { NODE, provisionNode } from '../node.ts';
import { launchRequests, type Scenario } from '../scenario.ts';

/** Real time: how long Lambda takes to answer the launch. Long enough for a cancel in the middle on a busy machine. */
const ANSWER_AFTER_MS = 4_000;

export const cancel: Scenario = {
  title: 'somebody cancels the provision at the worst moment: the launch is sent, and not answered yet',
  simulation: { faults: [{ on: 'launch', nth: 1, do: { kind: 'delay', realMs: ANSWER_AFTER_MS } }] },

  async play(stage) {
    const { tell } = stage;
    const { simulator } = stage.world;
    const { instances, registrations } = simulator.record;
    await stage.startWorker();
    let cancelledIn: Phase | undefined;
    try {
      await provisionNode(stage, async (until, provision) => {
        await until(() => instances[0]);
        tell('in the cloud', 'Lambda has made the machine, and is slow to say so');
        await provision.cancel();
        cancelledIn = (await provision.status()).phase;
        tell('what goes wrong', 'somebody presses cancel: the workflow does not know yet what there is to undo');
        tell(
          'what is done about it',
          'a launch under way cannot be called back, so its answer is waited for; then it is undone',
        );
        await until(() => instances[0]?.status === 'terminating' || undefined);
        tell('undoing', `${instances[0]?.id ?? ''} is terminated; the workflow ends when Lambda says that it is gone`);
      });
    } catch (error) {
      if (!(error instanceof ProvisionCancelledError)) throw error;
      tell('cancelled', 'the provision has ended; whoever asked for the node is told that it was cancelled');
    }

    const { status } = await stage.temporal.workflow.getHandle(provisionNodeId(NODE)).describe();
    const [instance] = instances;
    return [
      { claim: 'it was cancelled before the launch was answered', holds: cancelledIn === 'launching' },
      { claim: 'one launch request was sent', holds: launchRequests(simulator).length === 1 },
      {
        claim: 'its instance was terminated by us',
        holds: instance?.status === 'terminated' && instance.endedBy === 'api',
      },
      { claim: 'Temporal shows the provision as cancelled', holds: status.name === 'CANCELLED' },
      { claim: 'Navarch never heard of it', holds: registrations.length === 0 },
    ];
  },
};
