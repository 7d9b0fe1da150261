import { expect, test } from 'vitest';
import { listText } from '../../../src/cli/commands/list.ts';
import { nodeText, statusText } from '../../../src/cli/node-text.ts';
import type { Node } from '../../../src/sdk/index.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 23, 9, minute)).toISOString();

const gpu = (index: number): Node['gpus'][number] => ({
  index,
  uuid: `GPU-${index}`,
  model: 'NVIDIA H100 80GB HBM3',
  memoryMib: 81_559,
});

const node: Node = {
  name: 'trainer-1',
  nodeId: 'a'.repeat(32),
  instanceId: 'a'.repeat(32),
  launchToken: 'b'.repeat(20),
  instanceType: 'gpu_2x_h100_sxm5',
  region: 'us-east-1',
  address: '192.0.2.7',
  gpus: [gpu(0), gpu(1)],
  labels: { team: 'vision' },
  pricePerHourUsd: 6.38,
  hostKeyFingerprint: 'SHA256:abc',
  launchesUsed: 1,
  times: {
    requested: at(0),
    granted: at(1),
    launched: at(1),
    addressKnown: at(2),
    active: at(6),
    sshVerified: at(3),
    bootstrapped: at(4),
    ready: at(7),
  },
};

test('a node is an aligned list, and what it has not is not in it', () => {
  expect(nodeText(node)).toBe(`name           trainer-1
instance       ${'a'.repeat(32)}
type           gpu_2x_h100_sxm5
region         us-east-1
address        192.0.2.7
gpus           2 x NVIDIA H100 80GB HBM3
price          $6.38/h
labels         team=vision
host key       SHA256:abc
launches used  1
ready          ${at(7)}, 7m after it was asked for
`);
});

test('a node says what it was believed by where that is less than usual', () => {
  const text = nodeText({ ...node, hostKey: 'trust-first', gpuCheck: 'off', fakeGpus: true, registration: 'direct' });
  expect(text).toContain('\nhost key       SHA256:abc (trusted at first sight)\n');
  expect(text).toMatch(/\ngpu proof +none\nfake gpus +yes: .*\nregistered by +us: /);
  const usual = nodeText({ ...node, hostKey: 'pinned', gpuCheck: 'passed', registration: 'agent' });
  expect(usual).toBe(nodeText(node));
});

test('the status of a provision says why it waits, what was tried, and what it cost', () => {
  const text = statusText(
    {
      name: 'trainer-1',
      phase: 'waiting_for_capacity',
      workflowId: 'provision-node/trainer-1',
      runId: 'r',
      progress: {
        name: 'trainer-1',
        phase: 'waiting_for_capacity',
        since: at(5),
        detail: 'gpu_2x_h100_sxm5 in any region',
        requestedAt: at(0),
        launches: [
          { token: 't', instanceType: 'gpu_2x_h100_sxm5', region: 'us-east-1', sentAt: at(1), failure: 'no SSH' },
        ],
        capacityRefusals: 2,
        costUsd: 0.4,
      },
    },
    Date.parse(at(7)),
  );
  expect(text).toBe(`phase             waiting for capacity for 2m: gpu_2x_h100_sxm5 in any region
owner             provision-node/trainer-1
requested         ${at(0)}
refused launches  2, for want of capacity
launch 1          gpu_2x_h100_sxm5 in us-east-1 at ${at(1)}, given up: no SSH
cost so far       $0.40 (estimate)
name              trainer-1
`);
});

test('a list has a head and one line a node, and says so when there is none', () => {
  expect(listText([], 0)).toBe('no nodes\n');
  const [head, line] = listText(
    [
      {
        name: 'trainer-1',
        phase: 'ready',
        workflowId: 'node/trainer-1',
        ownerStartedAt: at(0),
        labels: {},
        instanceType: 'gpu_2x_h100_sxm5',
        needsAttention: true,
      },
    ],
    Date.parse(at(90)),
  ).split('\n');
  expect(head).toMatch(/^NAME +PHASE +TYPE +REGION +POOL +INSTANCE +OWNER SINCE$/);
  expect(line).toMatch(/^trainer-1 +ready \(needs attention\) +gpu_2x_h100_sxm5 +- +- +- +1h 30m$/);
});

test('what runs on the machine is shown with its last lines, each a line of its own', () => {
  const text = statusText(
    {
      name: 'trainer-1',
      phase: 'bootstrapping',
      workflowId: 'provision-node/trainer-1',
      runId: 'run-1',
      progress: {
        name: 'trainer-1',
        phase: 'bootstrapping',
        since: at(3),
        requestedAt: at(0),
        launches: [],
        capacityRefusals: 0,
        costUsd: 0,
        machine: { step: 'pull the image', seconds: 61.4, lastLines: ['layer 1', 'layer 2\u001b[2J'] },
      },
    },
    Date.parse(at(4)),
  );
  expect(text).toContain(
    'on the machine  pull the image, 61s since it began\n                layer 1\n                layer 2',
  );
  expect(text).not.toContain('\u001b');
});
