import { afterAll, describe, expect, test } from 'vitest';
import { progressQuery } from '../../src/contract/messages.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { terminateNodeId } from '../../src/contract/workflow-ids.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { endingOf, startProvision, uniqueName } from '../support/provisions.ts';
import { slotPool } from './harness/pool.ts';
import { startCloud } from './harness/settings.ts';
import type { Slot } from './harness/slot.ts';
import { expectKept, expectNothingLeft } from './harness/world.ts';
import { FAULTS, type MachineFault } from './machine-faults.ts';

// Ready means ready (P7, P8, P10): whatever a machine or Navarch does between the address and ready, no node is called ready that is not,
// and no machine that was fine is given up. The table in the report says of each fault what the workflow did, and how long that took.

const pool = slotPool();
const table: (readonly [fault: string, did: string, seconds: number])[] = [];

afterAll(async () => {
  const rows = table
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([fault, did, seconds]) => `  ${fault.padEnd(62)} ${String(seconds).padStart(6)} s  ${did}`);
  process.stdout.write(
    `\nfault of the machine or of Navarch, simulated seconds, and what the provision did:\n${rows.join('\n')}\n\n`,
  );
  await pool.close();
});

describe.concurrent.each(Object.entries(FAULTS))('a machine: %s', (title, fault) => {
  test(`${fault.ends} with launch ${fault.launches}, and nothing is called ready that is not`, async () => {
    await pool.inSlot(async (slot) => {
      const simulator = await startCloud(slot.site, 7, fault.faults, fault.cloud);
      try {
        await story(slot, simulator, title, fault);
      } finally {
        await simulator.close();
      }
    });
  });
});

async function story(slot: Slot, simulator: Simulator, title: string, fault: MachineFault): Promise<void> {
  const { client, taskQueue } = slot;
  const from = simulator.clock.now();
  const name = uniqueName();
  const provision = await startProvision(client, taskQueue, { name, ...fault.request });
  const meddling = fault.meanwhile?.(simulator);
  const ending = await endingOf(provision.result());
  const seconds = Math.round((simulator.clock.now() - from) / 1_000);
  await meddling;
  const { launches } = await provision.query(progressQuery);
  const given = launches.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const how = ending.type === 'completed' ? 'ready' : ending.type;
  table.push([
    title,
    `${how} with launch ${launches.length}${given.map((why) => `; given up: ${why}`).join('')}`,
    seconds,
  ]);

  expect({ ends: how, launches: launches.length, because: given.join('; ') || ending.message }).toEqual({
    ends: fault.ends,
    launches: fault.launches,
    because: expect.stringMatching(fault.because ?? /./) as string,
  });
  if (ending.type !== 'completed') {
    expectNothingLeft(simulator, `the provision ended ${ending.type}`);
    return;
  }
  const node = JSON.parse(ending.message) as Node;
  expectKept(simulator, node.instanceId, 'ready');
  expectReady(simulator, node);
  fault.holds?.(node, simulator);
  await client.workflow.execute('terminateNode', {
    workflowId: terminateNodeId(name),
    taskQueue,
    args: [{ name }],
  });
  expectNothingLeft(simulator, 'the node was ended');
}

/** What the simulated machine itself knows to be true of a node that somebody calls ready. */
function expectReady(simulator: Simulator, node: Node): void {
  const machine = simulator.controls.machine(node.instanceId);
  expect(machine?.spec.gpus.map(({ cudaError }) => cudaError)).toEqual(machine?.spec.gpus.map(() => 0));
  if (node.gpuCheck === 'passed') {
    expect(node.gpus.map(({ uuid }) => uuid)).toEqual(machine?.spec.gpus.map(({ uuid }) => uuid));
  }
  if (node.registration === 'agent') {
    expect(machine?.processes().filter(([program]) => program?.endsWith('/navarch-node'))).toHaveLength(1);
  }
  expect(simulator.record.registrations.map(({ nodeId }) => nodeId)).toContain(node.nodeId);
}
