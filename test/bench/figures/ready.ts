import type { FaultPlan } from '../../../src/simulator/index.ts';
import { bringUpAll, DENSE_MS, secondsFrom, startOf, type BroughtUp } from '../harness/bring-up.ts';
import { openCloud, UNPACED } from '../harness/cloud.ts';
import { percentOfCores, shown, watchCpu } from '../harness/cpu.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { quantile } from '../harness/statistics.ts';

// What is left at the end: from the end of the bootstrap script to ready, where `active` was there before; and from `active` to ready, where
// the bootstrap and the agent's first heartbeat fitted in between.

const REQUEST = { instanceType: 'gpu_1x_h100_sxm5', maxLaunches: 1 } as const;

/** Shorter than Navarch's 30, so that bootstrap and heartbeat fit between sshd and `active`. */
const HEARTBEAT_S = 5;
const ADDRESS_MS = 8_000;
const SSHD_TO_ACTIVE_MS = 30_000;

const SOON = 'soon';
const LAST = 'last';
const FAULTS: FaultPlan = [
  { on: 'instance', matchName: SOON, do: { kind: 'boots', addressAfterMs: ADDRESS_MS, activeAfterMs: ADDRESS_MS } },
  {
    ...{ on: 'instance', matchName: LAST },
    do: { kind: 'boots', addressAfterMs: ADDRESS_MS, activeAfterMs: ADDRESS_MS + SSHD_TO_ACTIVE_MS },
  },
];

const AFTER_SCRIPT_S = 1 + HEARTBEAT_S;
const AFTER_ACTIVE_S = 3;

export const ready: Figure = {
  name: 'ready',
  title: 'from the end of the bootstrap script to ready, and from active to ready',
  target: '≤ 1 s and one heartbeat interval of the agent; ≤ 3 s after active, with sshd up 30 s earlier',
  isSlow: false,
  run,
};

async function run(context: BenchContext): Promise<readonly Row[]> {
  const sizes = sized(context, { quick: [1], normal: [1, 20, 100], full: [1, 20, 100] });
  const slots = 2 * sizes.reduce((sum, size) => sum + size, 0);
  const cloud = await openCloud(context, {
    ...{ limits: 'off', capacity: { kind: 'plentiful', slots }, heartbeatIntervalSeconds: HEARTBEAT_S },
    ...{ faults: FAULTS, environment: UNPACED },
  });
  const worker = await cloud.startWorker();
  const cpu = watchCpu(context, cloud.serverPid, worker.pid);
  const bringUp = (when: string, size: number): Promise<readonly BroughtUp[]> => {
    context.tell(`${size} nodes, active ${when} …`);
    return bringUpAll(
      cloud,
      Array.from({ length: size }, (_, index) => `bench-${when}-${size}-${index}`),
      REQUEST,
      DENSE_MS,
    );
  };
  const rows: Row[] = [];
  for (const size of sizes) {
    const afterScript = (await bringUp(SOON, size)).map(({ node, instance }) =>
      // The runner's last act is to have its journal on the disk.
      secondsFrom(startOf(cloud.simulator, instance.id, 'last', /^sync \S+\/journal$/), readyAt(node)),
    );
    const last = (await bringUp(LAST, size)).map(({ node, instance }) => ({
      activeAt: instance.firstHealthyAt ?? Number.NaN,
      readyAt: readyAt(node),
    }));
    const afterActive = last.map((times) => secondsFrom(times.activeAt, times.readyAt));
    const from = Math.min(...last.map(({ activeAt }) => activeAt));
    const to = Math.max(...last.map((times) => times.readyAt));
    const use = cpu.between(from, to);
    context.tell(`CPU in those ${to - from} ms: ${shown(use)}`);
    rows.push(
      bounded(
        `${size} nodes: script's end to ready, heartbeats every ${HEARTBEAT_S} s: p95`,
        afterScript,
        AFTER_SCRIPT_S,
      ),
      bounded(`${size} nodes: active to ready: p95`, afterActive, AFTER_ACTIVE_S),
      { label: `${size} nodes: of all cores meanwhile`, measured: percentOfCores(use, to - from), unit: '%' },
    );
  }
  return rows;
}

function readyAt({ times }: BroughtUp['node']): number {
  return Date.parse(times.ready);
}

function bounded(label: string, seconds: readonly number[], atMost: number): Row {
  return { label, measured: quantile(seconds, 0.95), unit: 's', bound: { atMost } };
}
