import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { unread } from '../../src/contract/unread.ts';
import { keepNodeId, provisionNodeId, sweepScheduleId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import type * as Demo from '../../src/demo/world.ts';
import { ConfigurationError, NodeProvisioner, type ProvisionNodeRequest } from '../../src/sdk/index.ts';
import { resolveTemporalCli, startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { subprocess, untilShown } from '../support/command-line.ts';
import { failureMessages, keysOf, payloadsStored, wordsStored } from './encryption/stored.ts';

// What lies in Temporal's database, as whoever copies its disk has it. The same nodes live once without encryption: what is found there shows
// that it would be found. As compiled: how failures are written is part of the built bundle.
const { createWorld } = (await import(
  fileURLToPath(new URL('../../dist/demo/world.js', import.meta.url))
)) as typeof Demo;

const logger = installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined });

function random(): string {
  return randomBytes(12).toString('hex');
}

function keyLine(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`;
}

const [OLD, NEW, OTHER] = [keyLine('old'), keyLine('new'), keyLine('other')];

/** Put where each kind of thing that Temporal stores of a provision comes from. */
const WORDS = {
  label: random(),
  pool: random(),
  command: random(),
  output: random(),
  title: random(),
  failure: random(),
  reason: random(),
};
/** Temporal shows these to its operators, to search by: they are not encrypted. */
const SEARCHABLE = [WORDS.label, WORDS.pool];

const [TYPE, REGION] = ['gpu_1x_a10', 'us-east-1'];
const [KEPT, ENDED, FAILS, TURNED, ROTATED] = [
  'crypt-kept',
  'crypt-ended',
  'crypt-fails',
  'crypt-turned',
  'crypt-rotated',
];

class Place {
  readonly folder: string;
  readonly server: TemporalServer;
  readonly world: Demo.World;
  readonly temporal: Client;
  worker: Awaited<ReturnType<Demo.World['startWorker']>> | undefined;
  /** Of the machine of its first node. */
  address = '';

  private constructor(folder: string, server: TemporalServer, world: Demo.World, temporal: Client) {
    this.folder = folder;
    this.server = server;
    this.world = world;
    this.temporal = temporal;
  }

  static async create(keys: string | undefined): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'navarch-encryption-'));
    const server = await startTemporalServer({
      dbFilename: join(folder, 'temporal.db'),
      searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    });
    const place = new Place(
      folder,
      server,
      await createWorld({
        temporalAddress: server.address,
        logger,
        clockFactor: 60,
        afterEnd: { gettableMs: 3_600_000 },
        environment: keys === undefined ? {} : { NAVARCH_PAYLOAD_KEYS_FILE: join(folder, 'keys') },
      }),
      // Of what is encrypted it shows what is stored.
      new Client({ connection: await Connection.connect({ address: server.address }), dataConverter: unread([]) }),
    );
    if (keys !== undefined) await place.setKeys(keys);
    return place;
  }

  get keyFile(): string {
    return join(this.folder, 'keys');
  }

  /** By one who has the keys, or none. */
  async provisioner(hasKeys = true): Promise<NodeProvisioner> {
    const payloadKeys = (): Promise<string> => readFile(this.keyFile, 'utf8');
    return NodeProvisioner.connect({
      address: this.server.address,
      environment: {},
      ...(hasKeys ? { payloadKeys } : {}),
    });
  }

  async setKeys(...lines: readonly string[]): Promise<void> {
    await writeFile(this.keyFile, lines.join('\n'));
  }

  hasRoom(slots: number): void {
    this.world.simulator.controls.setCapacity(TYPE, REGION, slots);
  }

  async close(): Promise<void> {
    await this.temporal.connection.close();
    await this.world.close();
    await this.server.stop();
    await rm(this.folder, { recursive: true });
  }
}

function requestFor(name: string, command = 'true'): ProvisionNodeRequest {
  const commands = [{ run: command, title: `step ${WORDS.title}` }];
  return { name, instanceType: TYPE, region: REGION, registration: 'direct', maxLaunches: 1, bootstrap: { commands } };
}

/** One node that is kept, one that is ended, and one that fails. Returns the address of the first. */
async function live(provisioner: NodeProvisioner): Promise<string> {
  const shows = `echo ${WORDS.output} # ${WORDS.command}`;
  const [kept, ended, fails] = await Promise.all([
    provisioner.provision({ ...requestFor(KEPT, shows), pool: WORDS.pool, labels: { team: WORDS.label } }),
    provisioner.provision(requestFor(ENDED, shows)),
    provisioner.provision(requestFor(FAILS, `echo ${WORDS.failure} >&2; exit 3`)),
  ]);
  const [{ address }] = await Promise.all([
    kept.ready(),
    ended.ready(),
    expect(fails.ready()).rejects.toThrow(WORDS.failure),
  ]);
  await provisioner.terminate({ name: ENDED, reason: `because ${WORDS.reason}` });
  await provisioner.sweep();
  return address;
}

let clear: Place;
let encrypted: Place;

beforeAll(async () => {
  [clear, encrypted] = await Promise.all([Place.create(undefined), Place.create(OLD)]);
  await Promise.all(
    [clear, encrypted].map(async (place) => {
      const provisioner = await place.provisioner(place === encrypted);
      place.worker = await place.world.startWorker();
      place.address = await live(provisioner);
      await provisioner.close();
    }),
  );
}, 240_000);

afterAll(async () => {
  await Promise.all([clear.close(), encrypted.close()]);
});

test('of all that a provision leaves in the database only what can be searched for is readable; without encryption all of it is', async () => {
  const words = Object.values(WORDS);
  expect(await wordsStored(clear.folder, [...words, clear.address])).toEqual([...words, clear.address]);
  expect(await wordsStored(encrypted.folder, [...words, encrypted.address])).toEqual(SEARCHABLE);
});

test('no history has a readable payload but search attributes, nor a failure with a readable message', async () => {
  const readable = async ({ temporal }: Place): Promise<readonly string[]> => {
    const stored = await payloadsStored(temporal);
    return [...new Set(stored.flatMap(({ path, keyId }) => (keyId === undefined ? [path] : [])))];
  };
  expect(await readable(encrypted)).toEqual([]);
  const inClear = (await readable(clear)).join('\n');
  for (const place of ['memo.fields', 'userMetadata.summary', 'Started.input', 'Signaled.input', 'Completed.result']) {
    expect(inClear.replaceAll('EventAttributes', '')).toContain(place);
  }
  expect(await failureMessages(encrypted.temporal, provisionNodeId(FAILS))).toEqual(['Encoded failure']);
  expect((await failureMessages(clear.temporal, provisionNodeId(FAILS))).join()).toContain(WORDS.failure);
});

test('who has the keys reads a node as always; who has none is told which variable to set, and finds, lists and cancels all the same', async () => {
  const provisioner = await encrypted.provisioner();
  expect((await provisioner.get(KEPT))?.node).toMatchObject({ name: KEPT, region: REGION });
  await provisioner.close();

  const stranger = await encrypted.provisioner(false);
  const asking = stranger.get(KEPT);
  await expect(asking).rejects.toThrow(ConfigurationError);
  await expect(asking).rejects.toThrow(/"old".*NAVARCH_PAYLOAD_KEYS_FILE is not set/);
  expect((await stranger.list()).map(({ name }) => name)).toEqual([KEPT]);
  expect(await (await stranger.findProvision(KEPT))?.cancel()).toBe(false);
  await stranger.close();

  const where = ['--address', encrypted.server.address];
  const status = await subprocess([...where, 'status', KEPT], { PATH: process.env['PATH'] }).ended;
  expect(status).toMatchObject({ exitCode: 2, stdout: '' });
  expect(status.stderr).toMatch(/NAVARCH_PAYLOAD_KEYS_FILE is not set/);
});

test('the temporal command line reads a history through the codec server, and nothing without it', async () => {
  const port = await getPort({ host: '127.0.0.1' });
  const environment = { PATH: process.env['PATH'], NAVARCH_PAYLOAD_KEYS_FILE: encrypted.keyFile };
  const codecServer = subprocess(['codec-server', '--listen', `127.0.0.1:${port}`], environment);
  await untilShown(codecServer.stderr, 'codec server at');
  const cli = await resolveTemporalCli({});
  /** With what the payloads hold, which it shows in base64. */
  const show = async (...more: readonly string[]): Promise<string> => {
    const where = ['--address', encrypted.server.address, '--workflow-id', terminateNodeId(ENDED), '--output', 'json'];
    const { stdout } = await execa(cli, ['workflow', 'show', ...where, ...more]);
    return stdout.replaceAll(/"data": "([^"]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
  };
  expect(await show()).not.toContain(WORDS.reason);
  expect(await show('--codec-endpoint', `http://127.0.0.1:${port}`)).toContain(WORDS.reason);
  codecServer.kill('SIGINT');
  const { exitCode, stdout, stderr } = await codecServer.ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(stderr).not.toContain(WORDS.reason);
});

/** Until the sweep has seen each of them owned. */
async function expectOwned(provisioner: NodeProvisioner, count: number): Promise<void> {
  const { counts } = await provisioner.sweep({ dryRun: true });
  expect(counts).toMatchObject({ owned: count, unknown: 0, suspected: 0, orphan: 0 });
}

async function waits(provisioner: NodeProvisioner, name: string): Promise<void> {
  await vi.waitUntil(async () => (await provisioner.get(name))?.phase === 'waiting_for_capacity', { timeout: 60_000 });
}

describe('keys that change while a node waits, and while one is kept', () => {
  test('lose nothing: the node boots, both are owned, the Schedule is written anew, and who had the old key reads all', async () => {
    encrypted.hasRoom(0);
    const provisioner = await encrypted.provisioner();
    const provision = await provisioner.provision(requestFor(ROTATED));
    await waits(provisioner, ROTATED);
    await encrypted.setKeys(OLD, NEW); // known everywhere, before the first one encrypts with it
    await encrypted.setKeys(NEW, OLD);
    encrypted.hasRoom(9);
    expect(await provision.ready()).toMatchObject({ name: ROTATED });
    expect(await keysOf(encrypted.temporal, provisionNodeId(ROTATED))).toEqual(['new', 'old']);
    await expectOwned(provisioner, 2);

    // A worker that starts now makes sure that the Schedule does not need the old key.
    expect(await scheduleKey(encrypted)).toBe('old');
    const worker = await encrypted.world.startWorker();
    expect(await scheduleKey(encrypted)).toBe('new');
    expect((await provisioner.get(KEPT))?.node).toMatchObject({ name: KEPT });
    await worker.stop();
    expect(await provisioner.terminate({ name: ROTATED })).toMatchObject({ outcome: 'node_ended' });
    await expectOwned(provisioner, 1);
    await provisioner.close();
  }, 180_000);

  test('and keys that are lost make a node unknown to the sweeper, never an orphan', async () => {
    await sweepBySchedule(encrypted);
    await encrypted.setKeys(OTHER);
    const provisioner = await encrypted.provisioner();
    const unread = await vi.waitFor(
      async () => {
        const { counts, reported } = await provisioner.sweep({ dryRun: true });
        expect(counts).toMatchObject({ owned: 0, unknown: 1, suspected: 0, orphan: 0 });
        return reported;
      },
      { timeout: 60_000, interval: 1_000 },
    );
    expect(unread).toMatchObject([
      { verdict: 'unknown', reason: `${keepNodeId(KEPT)} runs, and what it owns cannot be read from its memo` },
    ]);
    // Temporal hands each sweep the result of the one before: a worker that starts sees to it that none stumbles over that.
    const another = await encrypted.world.startWorker();
    await sweepBySchedule(encrypted);
    await another.stop();
    // Found again, they make everything as it was.
    await encrypted.setKeys(NEW, OLD, OTHER);
    await vi.waitFor(() => expectOwned(provisioner, 1), { timeout: 60_000, interval: 1_000 });
    expect(await provisioner.terminate({ name: KEPT })).toMatchObject({ outcome: 'node_ended' });
    expectCleanSlate(encrypted.world.simulator);
    await provisioner.close();
  }, 180_000);
});

test('encryption that is turned on while a node waits, and while one is kept, loses nothing', async () => {
  clear.hasRoom(0);
  const before = await clear.provisioner(false);
  await before.provision(requestFor(TURNED));
  await waits(before, TURNED);
  await before.close();
  await clear.worker?.stop();

  await clear.setKeys('none', OLD); // every process can decrypt, before the first one encrypts
  const worker = subprocess(['worker'], {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: clear.server.address,
    ...clear.world.environment,
    NAVARCH_PAYLOAD_KEYS_FILE: clear.keyFile,
  });
  await untilShown(worker.stderr, 'worker started');
  await clear.setKeys(OLD);
  clear.hasRoom(9);
  const provisioner = await clear.provisioner();
  expect(await (await provisioner.findProvision(TURNED))?.ready()).toMatchObject({ name: TURNED });
  expect(await keysOf(clear.temporal, provisionNodeId(TURNED))).toEqual(['none', 'old']);
  await expectOwned(provisioner, 2);
  await Promise.all([TURNED, KEPT].map((name) => provisioner.terminate({ name })));
  expectCleanSlate(clear.world.simulator);
  await provisioner.close();
  worker.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ exitCode: 0 });
}, 180_000);

/** One that the Schedule starts, until it has ended well. */
async function sweepBySchedule({ temporal }: Place): Promise<void> {
  const schedule = temporal.schedule.getHandle(sweepScheduleId(undefined));
  const latest = async () => (await schedule.describe()).info.recentActions.at(-1)?.action.workflow;
  const before = await latest();
  await schedule.trigger();
  await vi.waitFor(
    async () => {
      const run = await latest();
      expect(run?.firstExecutionRunId).not.toBe(before?.firstExecutionRunId);
      const { status } = await temporal.workflow.getHandle(run?.workflowId ?? '', run?.firstExecutionRunId).describe();
      expect(status.name).toBe('COMPLETED');
    },
    { timeout: 60_000, interval: 500 },
  );
}

async function scheduleKey({ temporal }: Place): Promise<string> {
  const { schedule } = await temporal.workflowService.describeSchedule({
    namespace: 'default',
    scheduleId: sweepScheduleId(undefined),
  });
  const [payload] = schedule?.action?.startWorkflow?.input?.payloads ?? [];
  return Buffer.from(payload?.metadata?.['encryption-key-id'] ?? 'none').toString();
}
