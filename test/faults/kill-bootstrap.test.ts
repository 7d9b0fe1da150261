import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connectSsh } from '../../src/clients/ssh/index.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { progressQuery } from '../../src/contract/messages.ts';
import { terminateNodeId } from '../../src/contract/workflow-ids.ts';
import { startProvision, uniqueName, untilProgress } from '../support/provisions.ts';
import { openProcessSlot } from './harness/process-slot.ts';
import { FACTOR } from './harness/scale.ts';
import { startCloud, type Site } from './harness/settings.ts';
import { expectKept, expectNothingLeft } from './harness/world.ts';

// The script runs detached on the machine, and everything about it is in files there: workers come and go, it runs once (P4).

const KILLS = 10;
/** How long the script takes at least, in real seconds: it goes on until it is told that the last worker was killed. */
const SCRIPT_S = 60;

test(`the worker is killed ten times in a bootstrap of a minute: the script ran once, and the node is ready`, async () => {
  const slot = await openProcessSlot();
  const simulator = await startCloud(slot.site, 21, []);
  try {
    const name = uniqueName();
    const provision = await startProvision(slot.client, slot.taskQueue, {
      name,
      registration: 'direct',
      bootstrap: {
        commands: [
          'echo begun >> /var/log/script',
          `sleep ${SCRIPT_S * FACTOR}; while ! [ -e /home/ubuntu/go-on ]; do sleep 10; done`,
          'echo done >> /var/log/script',
        ],
      },
      // In the product's time, of which a minute of ours is forty.
      deadlines: { bootstrap: '100h', bootstrapStep: '100h', ssh: '5h', active: '200h' },
      maxLaunches: 1,
    });
    const { address = '', instanceId = '' } = await untilProgress(provision, ({ phase }) => phase === 'bootstrapping');
    const machine = simulator.controls.machine(instanceId);
    // Nobody is killed before the script is under way: a worker that had not begun it would not have lost anything.
    while ((await machine?.readFile('/var/log/script')) === undefined) await sleep(20);
    const begunAt = performance.now();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await sleep(Math.max(begunAt + (kill * SCRIPT_S * 1_000) / (KILLS + 1) - performance.now(), 0));
      await slot.killWorker?.();
      expect((await provision.query(progressQuery)).phase, `after kill ${kill}`).toBe('bootstrapping');
    }
    await touch(slot.site, address, '/home/ubuntu/go-on');
    const node: Node = await provision.result();
    expectKept(simulator, node.instanceId, 'ready');
    expect(node.launchesUsed).toBe(1);
    expect(await machine?.readFile('/var/log/script')).toBe('begun\ndone\n');
    await slot.client.workflow.execute('terminateNode', {
      workflowId: terminateNodeId(name),
      taskQueue: slot.taskQueue,
      args: [{ name }],
    });
    expectNothingLeft(simulator, 'the node was ended');
  } finally {
    await simulator.close();
    await slot.close();
  }
});

async function touch({ privateKey, sshPort }: Site, host: string, path: string): Promise<void> {
  const result = await connectSsh({ host, port: sshPort, privateKey, hostKey: { kind: 'trust-first' } });
  if (result.kind !== 'connected') throw new Error(result.reason);
  expect(await result.connection.run(`touch ${path}`)).toMatchObject({ exitCode: 0 });
  result.connection.close();
}
