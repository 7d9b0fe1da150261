import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { FleetNews, type FleetReading, type OwnInstance } from '../../../src/activities/fleet-news.ts';
import type { RunningOwner } from '../../../src/activities/running-owners.ts';
import { MISSING, type InstanceNews } from '../../../src/contract/account-broker.ts';
import { keepNodeId, provisionNodeId } from '../../../src/contract/workflow-ids.ts';

const PROVISION = provisionNodeId('trainer-1');
const KEEPER = keepNodeId('trainer-1');
const MINUTE_MS = 60_000;

function instance(change: Partial<OwnInstance> = {}): OwnInstance {
  return { instanceId: 'i-1', launchToken: 'token-1', node: 'trainer-1', status: 'booting', ...change };
}

function addressed(change: Partial<OwnInstance> = {}): OwnInstance {
  return instance({ address: '10.0.0.1', ...change });
}

function active(change: Partial<OwnInstance> = {}): OwnInstance {
  return addressed({ status: 'active', ...change });
}

/** The owner of the instance: a keeper whose node is ready, unless told. */
function owner(change: Partial<RunningOwner> = {}): RunningOwner {
  return {
    workflowId: KEEPER,
    isKeeper: true,
    node: 'trainer-1',
    instanceId: 'i-1',
    phase: 'ready',
    needsAttention: false,
    ...change,
  };
}

const BOOTING = owner({ workflowId: PROVISION, isKeeper: false, phase: 'booting' });

/** A process that tells of one reading after the other, a minute apart, to those who run. */
function fleet(running: readonly string[] = [PROVISION]) {
  const open = new Set(running);
  const unreachable = new Set<string>();
  const sent: { readonly to: string; readonly news: InstanceNews }[] = [];
  const temporal = {
    workflow: {
      getHandle: (workflowId: string) => ({
        signal: (_definition: unknown, news: InstanceNews): Promise<void> => {
          if (unreachable.has(workflowId)) return Promise.reject(new Error('14 UNAVAILABLE'));
          if (!open.has(workflowId)) {
            return Promise.reject(new WorkflowNotFoundError('not found', workflowId, undefined));
          }
          sent.push({ to: workflowId, news });
          return Promise.resolve();
        },
      }),
    },
  } as unknown as Client;
  const news = new FleetNews(temporal);
  let at = 0;
  let previousAt: number | undefined;
  /** What this reading brought: to whom, and the state told. */
  const read = async (
    instances: readonly OwnInstance[],
    more: Partial<FleetReading> = {},
  ): Promise<readonly (readonly [string, string])[]> => {
    at += MINUTE_MS;
    const before = sent.length;
    const reading: FleetReading = { at, previousAt, instances, owners: undefined, again: [], ...more };
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    await environment.run(() => news.tell(reading));
    previousAt = at;
    return sent.slice(before).map(({ to, news: { status } }) => [to, status] as const);
  };
  return { news, read, sent, open, unreachable };
}

test('a boot is told where there is something to tell: the address, then active, each once', async () => {
  const { read, sent } = fleet();
  expect(await read([instance()])).toEqual([]);
  expect(await read([addressed()])).toEqual([[PROVISION, 'booting']]);
  expect(await read([addressed()])).toEqual([]);
  expect(await read([active()], { owners: [BOOTING] })).toEqual([[PROVISION, 'active']]);
  expect(await read([active()])).toEqual([]);
  expect(await read([active()], { owners: [BOOTING] })).toEqual([]);
  expect(sent.map(({ news }) => news)).toEqual([
    { launchToken: 'token-1', instanceId: 'i-1', status: 'booting', address: '10.0.0.1', at: 2 * MINUTE_MS },
    { launchToken: 'token-1', instanceId: 'i-1', status: 'active', address: '10.0.0.1', at: 4 * MINUTE_MS },
  ]);
});

test('a process that has told nothing yet says so, and no more once it has seen the fleet', async () => {
  const { news, read } = fleet();
  expect(news.isNew).toBe(true);
  await read([active()], { owners: [owner()] });
  expect(news.isNew).toBe(false);
});

test('a new process that knows the owners leaves healthy kept nodes alone, and tells those who wait or need attention', async () => {
  const names = ['kept', 'waiting', 'troubled'] as const;
  const { read } = fleet([keepNodeId('kept'), provisionNodeId('waiting'), keepNodeId('troubled')]);
  const instances = names.map((node) => active({ node, instanceId: `i-${node}`, launchToken: `token-${node}` }));
  const owners = [
    owner({ node: 'kept', instanceId: 'i-kept' }),
    owner({ node: 'waiting', instanceId: 'i-waiting', isKeeper: false, phase: 'waiting_for_active' }),
    owner({ node: 'troubled', instanceId: 'i-troubled', needsAttention: true }),
  ];
  expect(new Set(await read(instances, { owners }))).toEqual(
    new Set([
      [provisionNodeId('waiting'), 'active'],
      [keepNodeId('troubled'), 'active'],
    ]),
  );
  expect(await read(instances)).toEqual([]);
});

test('a keeper that needs attention hears that all is well each time the owners are asked for, until it is', async () => {
  const { read } = fleet([KEEPER]);
  await read([active()], { owners: [owner()] });
  expect(await read([addressed({ status: 'unhealthy' })])).toEqual([[KEEPER, 'unhealthy']]);
  expect(await read([active()])).toEqual([[KEEPER, 'active']]);
  expect(await read([active()])).toEqual([]);
  expect(await read([active()], { owners: [owner({ needsAttention: true })] })).toEqual([[KEEPER, 'active']]);
  expect(await read([active()], { owners: [owner()] })).toEqual([]);
});

test('one that is missing is told at once, and again each time the owners are asked for, with the time of the list before', async () => {
  const { read, sent } = fleet([KEEPER]);
  await read([active()], { owners: [owner()] });
  expect(await read([])).toEqual([[KEEPER, MISSING]]);
  expect(sent.at(-1)?.news).toMatchObject({
    launchToken: 'token-1',
    instanceId: 'i-1',
    at: 2 * MINUTE_MS,
    lastListedBy: MINUTE_MS,
  });
  expect(await read([])).toEqual([]);
  expect(await read([], { owners: [owner()] })).toEqual([[KEEPER, MISSING]]);
  expect(await read([], { owners: [owner()] })).toEqual([[KEEPER, MISSING]]);
  expect(sent.at(-1)?.news.launchToken).toBe('token-1');
  // Nobody owns it any more.
  expect(await read([], { owners: [] })).toEqual([]);
});

test('one that this process never saw is missed all the same, by its owner', async () => {
  const { read, sent } = fleet([KEEPER]);
  expect(await read([], { owners: [owner()] })).toEqual([[KEEPER, MISSING]]);
  expect(sent.map(({ news }) => news)).toEqual([
    { launchToken: '', instanceId: 'i-1', status: MISSING, at: MINUTE_MS },
  ]);
});

test('an owner without an instance in hand misses none', async () => {
  const { read } = fleet();
  const owners = [
    { workflowId: PROVISION, isKeeper: false, node: 'trainer-1', phase: 'booting', needsAttention: false },
    owner({ isKeeper: false, phase: 'waiting_for_capacity' }),
  ];
  expect(await read([], { owners })).toEqual([]);
});

test('one that is back in the list is told again', async () => {
  const { read } = fleet([KEEPER]);
  await read([active()], { owners: [owner()] });
  expect(await read([])).toEqual([[KEEPER, MISSING]]);
  expect(await read([active()])).toEqual([[KEEPER, 'active']]);
});

test('whoever asks again is told again, of what is listed and of what is missing', async () => {
  const { read } = fleet();
  const again = ['token-1'];
  await read([active()]);
  expect(await read([active()])).toEqual([]);
  expect(await read([active()], { again })).toEqual([[PROVISION, 'active']]);
  expect(await read([active()], { again: ['token-2'] })).toEqual([]);
  expect(await read([])).toEqual([[PROVISION, MISSING]]);
  expect(await read([])).toEqual([]);
  expect(await read([], { again })).toEqual([[PROVISION, MISSING]]);
});

test('the keeper is told when the provision is gone, even while the machine boots', async () => {
  const { read, open } = fleet([PROVISION, KEEPER]);
  // A provision that is there owns what boots; from then on either may.
  expect(await read([addressed()])).toEqual([[PROVISION, 'booting']]);
  expect(await read([active()])).toEqual([
    [PROVISION, 'active'],
    [KEEPER, 'active'],
  ]);
  open.delete(PROVISION);
  expect(await read([addressed()])).toEqual([[KEEPER, 'booting']]);
});

test('with nobody there it is over: it was told as far as it can be', async () => {
  const { read, open } = fleet([]);
  await read([active()]);
  open.add(KEEPER);
  expect(await read([active()])).toEqual([]);
});

test('what could not be told is told by the next reading, and others are not kept from theirs', async () => {
  const other = { node: 'other', instanceId: 'i-2', launchToken: 'token-2' };
  const { read, unreachable } = fleet([PROVISION, KEEPER, provisionNodeId('other')]);
  unreachable.add(PROVISION);
  expect(await read([addressed(), addressed(other)])).toEqual([[provisionNodeId('other'), 'booting']]);
  unreachable.clear();
  expect(await read([addressed(), addressed(other)])).toEqual([[PROVISION, 'booting']]);
  unreachable.add(KEEPER);
  await read([active(), addressed(other)]);
  unreachable.clear();
  expect(await read([active(), addressed(other)])).toContainEqual([KEEPER, 'active']);
  unreachable.add(PROVISION);
  expect(await read([addressed(other)])).toEqual([]);
  unreachable.clear();
  expect(await read([addressed(other)])).toContainEqual([PROVISION, MISSING]);
});

test('a machine that is ending is told only to a keeper that takes it for ready', async () => {
  const { read } = fleet([KEEPER]);
  await read([active()], { owners: [owner()] });
  const ending = addressed({ status: 'terminating' });
  expect(await read([ending])).toEqual([]);
  expect(await read([ending], { owners: [owner({ phase: 'ending' })] })).toEqual([]);
  expect(await read([ending], { owners: [owner()] })).toEqual([[KEEPER, 'terminating']]);
  expect(await read([addressed({ status: 'terminated' })])).toEqual([[KEEPER, 'terminated']]);
  // Ended by the word of Lambda: its absence says nothing more.
  expect(await read([])).toEqual([]);
});
