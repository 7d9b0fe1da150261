import { formatDuration } from '../domain/durations.ts';
import { PHASE_TITLES } from '../domain/phases.ts';
import type { Node, NodeStatus } from '../sdk/index.ts';
import { alignedList, usdPerHour } from './text.ts';

type Row = readonly [string, string | undefined];

/** A ready node, for people. */
export function nodeText(node: Node): string {
  return alignedList(nodeRows(node));
}

function nodeRows(node: Node): readonly Row[] {
  const { requested, ready } = node.times;
  return [
    ['name', node.name],
    ['instance', node.instanceId],
    ['type', node.instanceType],
    ['region', node.region],
    ['address', node.address],
    ['gpus', gpuText(node.gpus)],
    ['price', usdPerHour(node.pricePerHourUsd)],
    ['pool', node.pool],
    ['labels', joined(Object.entries(node.labels).map(([key, value]) => `${key}=${value}`))],
    ['host key', `${node.hostKeyFingerprint}${node.hostKey === 'trust-first' ? ' (trusted at first sight)' : ''}`],
    ['gpu proof', node.gpuCheck === 'off' ? 'none' : undefined],
    ['fake gpus', node.fakeGpus === true ? 'yes: its agent found no NVIDIA driver' : undefined],
    ['registered by', node.registration === 'direct' ? 'us: Navarch hears nothing of it' : undefined],
    ['launches used', String(node.launchesUsed)],
    ['ready', `${ready}, ${formatDuration(Date.parse(ready) - Date.parse(requested))} after it was asked for`],
  ];
}

/** Where a node is, for people. `now` in milliseconds since the epoch. */
export function statusText({ name, progress, node, workflowId }: NodeStatus, now: number): string {
  const { phase, since, detail, launches, capacityRefusals, needsAttention, costUsd, machine } = progress;
  const here = formatDuration(now - Date.parse(since));
  return alignedList([
    ['phase', `${PHASE_TITLES[phase]} for ${here}${detail === undefined ? '' : `: ${detail}`}`],
    ['needs attention', needsAttention],
    [
      'on the machine',
      machine === undefined ? undefined : `${machine.step}, ${Math.round(machine.seconds)}s since it began`,
    ],
    ...(machine?.lastLines ?? []).map((line): Row => ['', line]),
    ['owner', workflowId],
    ['requested', progress.requestedAt],
    ['refused launches', capacityRefusals === 0 ? undefined : `${capacityRefusals}, for want of capacity`],
    ...launches.map((launch, index): Row => [
      `launch ${index + 1}`,
      `${launch.instanceType} in ${launch.region} at ${launch.sentAt}${launch.failure === undefined ? '' : `, given up: ${launch.failure}`}`,
    ]),
    ['cost so far', `$${costUsd.toFixed(2)} (estimate)`],
    ...(node === undefined
      ? ([
          ['name', name],
          ['instance', progress.instanceId],
          ['address', progress.address],
        ] as const)
      : nodeRows(node)),
  ]);
}

/** Equal GPUs are counted: `8 x NVIDIA H100 80GB HBM3`. */
function gpuText(gpus: Node['gpus']): string | undefined {
  const counts = new Map<string, number>();
  for (const { model } of gpus) counts.set(model, (counts.get(model) ?? 0) + 1);
  return joined([...counts].map(([model, count]) => `${count} x ${model}`));
}

function joined(parts: readonly string[]): string | undefined {
  return parts.length === 0 ? undefined : parts.join(', ');
}
