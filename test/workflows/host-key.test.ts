import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { progressQuery } from '../../src/contract/messages.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { terminateNodeId } from '../../src/contract/workflow-ids.ts';
import type { WorldOptions } from '../../src/demo/world.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { endingOf, startProvision, uniqueName } from '../support/provisions.ts';
import { skippedWorld, type SkippedWorld } from '../support/skipped-world.ts';

// A host is who we think it is (P10), also where its image, its user data or the worker's key are not as usual.

let world: SkippedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: Partial<WorldOptions> = {}): Promise<SkippedWorld> {
  world = await skippedWorld(options);
  return world;
}

const IGNORES_USER_DATA: WorldOptions['faults'] = [{ on: 'machine', do: { ignoresUserData: true } }];

test('an image that ignores user data ends the provision with its second machine, and names the way out', async () => {
  const { client, taskQueue, simulator } = await open({ faults: IGNORES_USER_DATA });
  const provision = await startProvision(client, taskQueue, { deadlines: { ssh: '4s' } });
  const ending = await endingOf(provision.result());
  expect(ending).toMatchObject({ type: 'host_key_mismatch' });
  expect(ending.message).toContain("ask with hostKey: 'trust-first'");
  expect(simulator.record.instances).toHaveLength(2);
  expect(simulator.record.commands).toEqual([]);
  expectCleanSlate(simulator);
});

test('trusted at first sight, such a machine becomes ready; the node says so, and is left by the key it showed', async () => {
  const { client, taskQueue, simulator } = await open({ faults: IGNORES_USER_DATA });
  const name = uniqueName();
  const node = await (await startProvision(client, taskQueue, { name, hostKey: 'trust-first' })).result();
  expect(node).toMatchObject({ hostKey: 'trust-first', launchesUsed: 1 });
  expect(node.hostKeyFingerprint).toMatch(/^SHA256:/);
  const commands = simulator.record.commands.length;
  await client.workflow.execute('terminateNode', {
    workflowId: terminateNodeId(name),
    taskQueue,
    args: [{ name }],
  });
  // Its agent was stopped over SSH.
  expect(simulator.record.commands.length).toBeGreaterThan(commands);
  expectCleanSlate(simulator);
});

test("the caller's user data counts beside ours: its script runs, and the host key is the one we chose", async () => {
  const { client, taskQueue, simulator } = await open();
  const userData = '#!/bin/sh\necho "caf\u00e9" > /var/lib/theirs\n';
  const node = await (await startProvision(client, taskQueue, { userData })).result();
  expect(node).toMatchObject({ hostKey: 'pinned', launchesUsed: 1 });
  const machine = simulator.controls.machine(node.instanceId);
  expect(await machine?.readFile('/var/lib/theirs')).toBe('caf\u00e9\n');
});

test('user data that sets host keys is refused before anything is launched', async () => {
  const { client, taskQueue, simulator } = await open();
  const userData = '#cloud-config\nssh_keys: {rsa_private: x}\n';
  const ending = await endingOf((await startProvision(client, taskQueue, { userData })).result());
  expect(ending).toMatchObject({ type: 'invalid_request' });
  expect(ending.message).toMatch(/userData: must not set ssh_keys/);
  expect(simulator.record.requests.filter(({ operation }) => operation === 'launch')).toEqual([]);
});

test('an SSH key that is exchanged while a machine boots costs no machine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-key-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const sshKeyFile = join(folder, 'key');
  const { client, taskQueue, simulator } = await open({
    sshKeyFile,
    faults: [{ on: 'machine', do: { sshAfterMs: 240_000 } }],
  });
  const provision = await startProvision(client, taskQueue, {});
  // The cloud is looked at, and not the workflow, whose answer may come late on a busy machine.
  await expect.poll(() => simulator.record.instances.length, { interval: 10, timeout: 60_000 }).toBe(1);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(sshKeyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const node: Node = await provision.result();
  expect(node.launchesUsed).toBe(1);
  expect((await provision.query(progressQuery)).launches).toHaveLength(1);
  expectCleanSlate(simulator, { alive: 1 });
});
