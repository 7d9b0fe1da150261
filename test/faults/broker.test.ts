import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { describe, expect, inject, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ticketSignal, waitingLineQuery, type WaitingLine } from '../../src/contract/account-broker.ts';
import type { EndedNode } from '../../src/contract/kept-node.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import type { SweepResult } from '../../src/contract/sweep.ts';
import { mainTaskQueue } from '../../src/contract/task-queues.ts';
import { accountBrokerId, keepNodeId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import { MINUTE } from '../../src/domain/durations.ts';
import type { Ticket } from '../../src/domain/grants.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { SimulatorOptions } from '../../src/simulator/index.ts';
import { startTemporalServer } from '../../src/temporal-server/index.ts';
import { startWorker } from '../../src/worker.ts';
import { startProvision, type Provision } from '../support/provisions.ts';
import { Estate, pause, type CloudSite } from './harness/estate.ts';
import { scaled } from './harness/scale.ts';
import { environmentOf, newSite, scaledLooks, startCloud } from './harness/settings.ts';
import { quietRuntime } from './harness/slot.ts';
import { running } from './harness/temporal.ts';
import { workerOptions } from './harness/worker-options.ts';
import { expectNothingLeft } from './harness/world.ts';

// P6: one broker for the account, on which no promise depends: it may be lost at any moment, refused by Lambda, or share the account.

const TYPE = 'gpu_1x_h100_sxm5';
const REGION = 'us-east-1';

/** What a test opens, closed in the end in the other order. */
class Stage {
  readonly #closing: (() => Promise<unknown>)[] = [];

  async cloud(account: string, seed: number, more: Partial<SimulatorOptions> = {}): Promise<CloudSite> {
    const site = await newSite(`${account}-${process.pid}`);
    const simulator = await startCloud(site, seed, [], more);
    this.onClose(() => simulator.close());
    return { site, simulator, startedAt: simulator.clock.now() };
  }

  async estate(cloud: CloudSite): Promise<Estate> {
    const estate = await Estate.open(cloud, inject('temporalAddress'), inject('workflowBundlePath'));
    this.onClose(() => estate.close());
    return estate;
  }

  /** A worker that keeps this pace, as those in life do and an Estate's does not, and a client beside it. */
  async paced(
    { site }: CloudSite,
    pace: { readonly requestMs: number; readonly launchMs: number },
    address = inject('temporalAddress'),
  ): Promise<Place> {
    quietRuntime();
    const environment = {
      ...environmentOf(site),
      LAMBDA_REQUEST_INTERVAL: `${pace.requestMs}ms`,
      LAMBDA_LAUNCH_INTERVAL: `${pace.launchMs}ms`,
    };
    const worker = await startWorker({
      config: readConfig(environment),
      temporal: { connection: { address }, namespace: 'default' },
      logger: createLogger({ level: 'fatal', format: 'json' }),
      looks: scaledLooks(),
      workflowBundlePath: inject('workflowBundlePath'),
      workerOptions: workerOptions(),
    });
    this.onClose(() => worker.stop());
    const client = new Client({ connection: await Connection.connect({ address }) });
    this.onClose(() => client.connection.close());
    return { client, taskQueue: mainTaskQueue(site.account) };
  }

  async anotherServer(): Promise<string> {
    const server = await startTemporalServer({ searchAttributes: SEARCH_ATTRIBUTE_TYPES });
    this.onClose(() => server.stop());
    return server.address;
  }

  onClose(close: () => Promise<unknown>): void {
    this.#closing.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}

function on(story: (stage: Stage) => Promise<void>): () => Promise<void> {
  return async () => {
    const stage = new Stage();
    try {
      await story(stage);
    } finally {
      await stage.close();
    }
  };
}

/** Where workflows are started. */
interface Place {
  readonly client: Client;
  readonly taskQueue: string;
}

function named(part: string): string {
  return `broker-${part}-${process.pid}`;
}

/** The account's broker, as a person at the console has it in hand. */
function brokerOf({ client }: Place, { site }: CloudSite) {
  const workflowId = accountBrokerId(site.account);
  const handle = client.workflow.getHandle(workflowId);
  return {
    handle,
    runId: async (): Promise<string | undefined> => (await running(client, workflowId))?.runId,
    terminate: () => handle.terminate('by hand'),
    line: (): Promise<WaitingLine> => handle.query(waitingLineQuery, {}),
    /** Everybody is in the line, and the broker has read that there is no room. */
    async untilLine(total: number): Promise<WaitingLine> {
      for (;;) {
        const line = await running(client, workflowId).then((run) => (run === undefined ? undefined : this.line()));
        const isRead = line?.nodes.every(({ reason }) => reason.startsWith('no capacity')) === true;
        if (line?.total === total && isRead) return line;
        await pause(100);
      }
    },
  };
}

function sweep({ client, taskQueue }: Place): Promise<SweepResult> {
  return client.workflow.execute<(request: unknown) => Promise<SweepResult>>('sweepOrphans', {
    workflowId: `sweep-by-test/${randomUUID()}`,
    taskQueue,
    args: [{ ledger: { instances: {} } }],
  });
}

async function end({ client, taskQueue }: Place, names: readonly string[]): Promise<void> {
  const request = (name: string) => ({ workflowId: terminateNodeId(name), taskQueue, args: [{ name }] });
  await Promise.all(names.map((name) => client.workflow.execute('terminateNode', request(name))));
}

function provisionAll(place: Place, names: readonly string[]): Promise<Node[]> {
  return Promise.all(
    names.map(async (name) => (await startProvision(place.client, place.taskQueue, { name })).result()),
  );
}

/** Resolves when so many more requests of that kind have been answered. */
async function untilAsked({ simulator }: CloudSite, operation: string, times: number): Promise<void> {
  const answered = (): number =>
    simulator.record.requests.filter((request) => request.operation === operation && request.status === 200).length;
  for (const before = answered(); answered() < before + times;) await pause(50);
}

/** One after the other, so that the order in which they were asked for is known. */
async function inTurn<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}

describe.concurrent('the broker of an account', () => {
  test(
    'that is terminated while eight wait is replaced after a sweep, and they launch by priority, then arrival',
    on(async (stage) => {
      const cloud = await stage.cloud('lost-line', 61, { capacity: { kind: 'none' } });
      // Longer than a grant is good for: one that a busy machine lets lapse has its turn again before the next one.
      const place = await stage.paced(cloud, { requestMs: 25, launchMs: 2_500 });
      const broker = brokerOf(place, cloud);
      const asked = [3, 5, 1, 3, 2, 1, 4, 2].map((priority, index) => ({ priority, name: named(`eight${index}`) }));
      const provisions = await inTurn<(typeof asked)[number], Provision>(asked, async ({ name, priority }) => {
        const provision = await startProvision(place.client, place.taskQueue, {
          ...{ name, instanceType: TYPE, capacity: { priority } },
        });
        // Arrival is by the start of the workflow: two of one millisecond would be of one rank.
        await pause(5);
        return provision;
      });
      const before = await broker.untilLine(8);
      const terminated = await broker.runId();
      expect(terminated).toBeDefined();
      await broker.terminate();

      // On a busy machine one who waits may have started the next one already, by sending its ticket again.
      await sweep(place);
      expect(await broker.runId()).not.toBe(terminated);
      const after = await broker.untilLine(8);
      // The first of two more lists may have been asked for before the last ticket came: now every name is known to be free.
      await untilAsked(cloud, 'list', 2);
      const rank = ({ nodes }: WaitingLine) => nodes.map(({ name, place: at, since }) => [name, at, since]);
      expect(rank(after)).toEqual(rank(before));

      const { controls, record } = cloud.simulator;
      controls.setCapacity(TYPE, REGION, 8);
      const nodes = await Promise.all(provisions.map((provision) => provision.result()));
      const accepted = record.requests.filter(({ createdInstanceId }) => createdInstanceId !== undefined);
      const launched = accepted.map(({ tags }) => tags.find(({ key }) => key === 'navarch-node')?.value);
      const inOrder = asked.toSorted((a, b) => a.priority - b.priority).map(({ name }) => name);
      expect(launched).toEqual(inOrder);
      await end(
        place,
        nodes.map(({ name }) => name),
      );
      expectNothingLeft(cloud.simulator, 'after all were ended');
    }),
  );

  test(
    'that is terminated leaves a node that ends elsewhere noticed after the next sweep, at no look at the others by their id',
    on(async (stage) => {
      // What has ended is shown nowhere: nothing but absence proves it.
      const cloud = await stage.cloud('lost-news', 62, { afterEnd: { listedMs: 0, gettableMs: 0 } });
      const estate = await stage.estate(cloud);
      const broker = brokerOf(estate, cloud);
      const [lost, ...others] = await provisionAll(estate, ['lost', 'kept1', 'kept2'].map(named));
      if (lost === undefined) throw new Error('no node');
      await broker.terminate();
      const { controls, oracles, record } = cloud.simulator;
      controls.endFromOutside(lost.instanceId, 'preempted');
      const before = record.requests.length;
      await estate.sweep();
      expect(await broker.runId()).toBeDefined();

      const keeper = estate.client.workflow.getHandle<() => Promise<EndedNode>>(keepNodeId(lost.name));
      expect(await keeper.result()).toMatchObject({ how: 'disappeared', instanceId: lost.instanceId });
      // In looks, not in minutes, which on a busy machine are longer: one that misses it, two absences three minutes apart, and those between.
      const lists = record.requests.slice(before).filter(({ operation }) => operation === 'list');
      expect(lists.length).toBeLessThanOrEqual(20);
      const byId = record.requests.slice(before).filter(({ operation }) => operation === 'get');
      for (const { instanceId } of others) expect(byId.filter(({ path }) => path.includes(instanceId))).toEqual([]);
      expect(byId.length).toBeGreaterThan(0);
      expect(oracles.terminationsOf(lost.instanceId)).toEqual([]);

      for (const node of others) await estate.expectKept(node);
      await end(
        estate,
        others.map(({ name }) => name),
      );
      expectNothingLeft(cloud.simulator, 'after the others were ended');
    }),
  );

  test(
    'that is refused every third request with 429 gets three nodes ready, and ended',
    on(async (stage) => {
      const cloud = await stage.cloud('refused', 63);
      const estate = await stage.estate(cloud);
      const struck = (): number =>
        cloud.simulator.record.requests.filter(({ rateLimited }) => rateLimited === 'by-plan').length;
      // A Retry-After is in real seconds: the ten that are waited without one would be seven minutes here.
      cloud.simulator.controls.addFault({
        on: 'any',
        every: 3,
        do: { kind: 'rate-limited', retryAfterSeconds: 1 },
      });
      const nodes = await provisionAll(estate, ['third1', 'third2', 'third3'].map(named));
      const whileBooting = struck();
      expect(whileBooting).toBeGreaterThan(2);
      await end(
        estate,
        nodes.map(({ name }) => name),
      );
      expect(struck()).toBeGreaterThan(whileBooting);
      expectNothingLeft(cloud.simulator, 'after all were ended');
    }),
  );

  test(
    'of another namespace shares the account: each launches, keeps and ends its own, under one limit',
    on(async (stage) => {
      const limits = { requestIntervalMs: 1_000, launchIntervalMs: 12_000, retryAfterSeconds: 1 };
      const cloud = await stage.cloud('two-brokers', 64, { limits });
      // Each keeps half of the account's pace.
      const pace = { requestMs: scaled(2 * 1_100), launchMs: scaled(2 * 13_000) };
      const one = await stage.paced(cloud, pace);
      const other = await stage.paced(cloud, pace, await stage.anotherServer());
      const { oracles, record } = cloud.simulator;
      const [mine, theirs] = await Promise.all([
        provisionAll(one, ['one1', 'one2'].map(named)),
        provisionAll(other, ['other1', 'other2'].map(named)),
      ]);
      expect(oracles.instancesAlive()).toHaveLength(4);
      for (const place of [one, other]) {
        expect(await sweep(place)).toMatchObject({ counts: { owned: 2, orphan: 0, suspected: 0, unknown: 2 } });
      }
      await end(
        one,
        mine.map(({ name }) => name),
      );
      // One is done, and the other has not been touched.
      for (const { instanceId, name } of theirs) {
        expect(oracles.terminationsOf(instanceId)).toEqual([]);
        expect(record.instances.find(({ id }) => id === instanceId)?.endedAt).toBeUndefined();
        expect(await running(other.client, keepNodeId(name))).toBeDefined();
      }
      await end(
        other,
        theirs.map(({ name }) => name),
      );
      expectNothingLeft(cloud.simulator, 'after both had ended theirs');
    }),
  );

  test(
    'loses nobody when its history is continued as new, and gives no slot to those who are gone',
    on(async (stage) => {
      const cloud = await stage.cloud('continued', 65, { capacity: { kind: 'none' } });
      const estate = await stage.estate(cloud);
      const broker = brokerOf(estate, cloud);
      const asked = [4, 2, 3].map((priority, index) => ({ priority, name: named(`stays${index}`) }));
      const provisions = await inTurn<(typeof asked)[number], Provision>(asked, ({ name, priority }) =>
        startProvision(estate.client, estate.taskQueue, { name, instanceType: TYPE, capacity: { priority } }),
      );
      await broker.untilLine(3);
      const gone = Array.from({ length: 20 }, (_, index) => goneTicket(index));
      await Promise.all(gone.map((ticket) => broker.handle.signal(ticketSignal, ticket)));
      const before = await broker.untilLine(23);

      const first = await broker.runId();
      // Sent again, they have their old places. Enough of them to fill its history; it continues as new when its looks have been answered.
      for (let rounds = 0; (await broker.runId()) === first; rounds += 1) {
        if (rounds < 250) await Promise.all(gone.map((ticket) => broker.handle.signal(ticketSignal, ticket)));
        else await pause(100);
        // Answered when it has heard them: a flood that never ends lets nobody continue as new, on a machine that is slower than it.
        await broker.line();
      }
      expect(await broker.untilLine(23)).toEqual(before);
      // Its tasks go before those of however many wait.
      expect((await broker.handle.describe()).raw.workflowExecutionInfo?.priority).toMatchObject({ priorityKey: 1 });

      cloud.simulator.controls.setCapacity(TYPE, REGION, 3);
      const nodes = await Promise.all(provisions.map((provision) => provision.result()));
      expect(await broker.line()).toEqual({ total: 0, nodes: [] });
      await end(
        estate,
        nodes.map(({ name }) => name),
      );
      expectNothingLeft(cloud.simulator, 'after all were ended');
    }),
  );
});

/** Of a workflow that is not there any more; it goes before everybody. */
function goneTicket(index: number): Ticket {
  return {
    name: named(`gone${index}`),
    runId: randomUUID(),
    ticketId: randomUUID(),
    wishes: { instanceTypes: [TYPE] },
    priority: 1,
    arrivedAt: Date.now() + index,
    until: Date.now() + scaled(600 * MINUTE),
  };
}
