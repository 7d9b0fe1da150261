import getPort from 'get-port';
import { provisionNodeId, WORKFLOW_TYPE } from '../../../src/contract/workflow-ids.ts';
import { actionsOf, retriesUnderWay } from '../harness/actions.ts';
import { openCloud } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { heartbeatsSent } from '../harness/heartbeats.ts';
import { openSkippedCloud } from '../harness/skipped-wait.ts';

const REQUEST = { name: 'bench-1', instanceType: 'gpu_1x_h100_sxm5' } as const;

const MOST_EVENTS = 90;
const MOST_ACTIONS = 30;
const MOST_EVENTS_AN_HOUR = 12;

/** In the middle of what was measured at Lambda. */
const BOOT_MS = 200_000;

export const history: Figure = {
  name: 'history',
  title: 'history events and billable Actions of one provision, and of an hour of wait for capacity',
  target: '≤ 90 events, ≤ 30 Actions; the wait adds ≤ 12 events an hour',
  isSlow: false,
  run: async (context) => [...(await oneProvision(context)), ...(await longWait(context))],
};

/** At true pace, as heartbeats come by real time; quick: twenty times as fast, and with fewer of them. */
async function oneProvision(context: BenchContext): Promise<readonly Row[]> {
  const isFast = context.size === 'quick';
  const cloud = await openCloud(context, {
    bootModel: { singleGpuActiveMs: [BOOT_MS, BOOT_MS] },
    ...(isFast ? { clockFactor: 20, networkJitterMs: 50 } : {}),
  });
  const metricsAddress = `127.0.0.1:${await getPort()}`;
  await cloud.startWorker({ metricsAddress });
  const provision = await cloud.provision(REQUEST);
  await provision.result();
  const heartbeats = await heartbeatsSent(metricsAddress);
  const { events } = await provision.fetchHistory();
  const actions = actionsOf(events ?? []) + heartbeats;
  return [
    { label: 'history events of one provision', measured: events?.length ?? 0, bound: { atMost: MOST_EVENTS } },
    { label: 'billable Actions of it, with its heartbeats', measured: actions, bound: { atMost: MOST_ACTIONS } },
    { label: 'of these, heartbeats that reached the server', measured: heartbeats },
  ];
}

/** What an hour adds to a provision that waits already. */
async function longWait(context: BenchContext): Promise<readonly Row[]> {
  const hours = sized(context, { quick: 1, normal: 10, full: 10 });
  const { temporal, taskQueue } = await openSkippedCloud(context, { capacity: { kind: 'none' } });
  const provision = await temporal.client.workflow.start(WORKFLOW_TYPE.provisionNode, {
    workflowId: provisionNodeId(REQUEST.name),
    taskQueue,
    args: [REQUEST],
  });
  const look = async (): Promise<{ readonly events: number; readonly actions: number }> => {
    const { events } = await provision.fetchHistory();
    const { raw } = await provision.describe();
    return {
      events: events?.length ?? 0,
      actions: actionsOf(events ?? []) + retriesUnderWay(raw.pendingActivities ?? []),
    };
  };
  await temporal.sleep('10 minutes');
  const before = await look();
  context.tell(`${hours} hours of wait, skipped …`);
  // One call of ten hours lasts for minutes of ours, in which the server takes the connection's pings for too many and drops it.
  for (let half = 0; half < 2 * hours; half += 1) await temporal.sleep('30 minutes');
  const after = await look();
  return [
    {
      label: `history events an hour of wait for capacity (over ${hours} hours)`,
      measured: (after.events - before.events) / hours,
      bound: { atMost: MOST_EVENTS_AN_HOUR },
    },
    { label: 'billable Actions an hour of wait', measured: (after.actions - before.actions) / hours },
  ];
}
