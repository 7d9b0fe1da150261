import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.ts';
import { openProcessSlot, type ProcessSlot } from './harness/process-slot.ts';
import { A_LIFE } from './harness/scenarios.ts';
import { play } from './harness/run.ts';

// Proof (g): the Temporal server and the worker are killed in the middle of a boot, and both started again on the same file.

let folder: string;
let server: TemporalServer;
let slot: ProcessSlot;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-restart-'));
  server = await start();
  const { address } = server;
  const port = Number(address.split(':')[1]);
  slot = await openProcessSlot({
    temporalAddress: address,
    restartTemporal: async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.stop();
      server = await start(port);
    },
  });
});

afterAll(async () => {
  await slot.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(port?: number): Promise<TemporalServer> {
  return startTemporalServer({
    searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    dbFilename: join(folder, 'temporal.sqlite'),
    ...(port === undefined ? {} : { port }),
  });
}

describe('Temporal and the worker killed', () => {
  test.each([
    { activity: 'launchInstance', when: 'before', moment: 'before the launch is sent' },
    { activity: 'launchInstance', when: 'after', moment: 'when the launch was accepted and nobody was told' },
    { activity: 'awaitHost', when: 'before', moment: 'while the machine boots' },
    { activity: 'runBootstrap', when: 'before', moment: 'while it is bootstrapped' },
  ] as const)('$moment: the node gets ready all the same, and ends', async ({ activity, when }) => {
    const at = { workflow: 'provisionNode', activity, nth: 1 };
    const outcome = await play(slot, { ...A_LIFE.plan, strikes: [{ at, when, do: 'kill-everything' }] });
    expect(outcome).toMatchObject({ provision: 'completed', struck: ['kill-everything'] });
  });
});
