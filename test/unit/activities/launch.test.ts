import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import type { ActivityDependencies } from '../../../src/activities/dependencies.ts';
import { createLaunchActivities } from '../../../src/activities/launch.ts';
import type { LaunchInput } from '../../../src/activities/types.ts';
import { deriveHostKey } from '../../../src/clients/ssh/index.ts';
import { parseUserData } from '../../../src/simulator/machines/cloud-init/user-data.ts';

const SECRET = 'a secret of some length';
const launchToken = '0d5e3f8a9b1c4d2e8f70';
const recorded = deriveHostKey({ secret: SECRET, salt: launchToken });

/** A launch by a worker that derives host keys from this secret, and what was sent. */
async function launch(hostKeySecret: string, request: LaunchInput['request'] = {}) {
  const sent: { readonly userData: string }[] = [];
  const activities = createLaunchActivities({
    lambda: {
      launchInstance: (order: { readonly userData: string }) => {
        sent.push(order);
        return Promise.resolve({ instanceId: 'i-1' });
      },
    },
    temporal: { activity: { heartbeat: () => Promise.resolve() } } as unknown as Client,
    namespaceId: 'namespace',
    ssh: { hostKeySecret: () => Promise.resolve(hostKeySecret) },
    defaults: {},
  } as unknown as ActivityDependencies);
  const environment = new MockActivityEnvironment(
    { startToCloseTimeoutMs: 120_000 },
    { logger: new DefaultLogger('ERROR') },
  );
  const input: LaunchInput = {
    launchToken,
    node: 'trainer-1',
    runId: 'run-1',
    offering: { instanceType: 'gpu_1x_a10', region: 'us-east-1', priceCentsPerHour: 75 },
    sshKeyName: 'provisioner',
    request,
    hostKeyFingerprint: recorded.fingerprint,
  };
  const launching = environment.run((order: LaunchInput) => activities.launchInstance(order), input);
  const outcome = await launching.catch((error: unknown) => error);
  return { sent, outcome };
}

test('a launch gives the machine the host key whose fingerprint was recorded (P10)', async () => {
  const { sent, outcome } = await launch(SECRET);
  expect(outcome).toEqual({ instanceId: 'i-1' });
  expect(parseUserData(sent[0]?.userData).hostKey?.privateKey).toBe(recorded.privateKeyOpenSsh);
});

test("the caller's user data goes with it, and ours counts", async () => {
  const { sent } = await launch(SECRET, { userData: '#!/bin/sh\necho theirs\n' });
  const data = parseUserData(sent[0]?.userData);
  expect(data.scripts).toEqual(['#!/bin/sh\necho theirs\n']);
  expect(data.hostKey?.privateKey).toBe(recorded.privateKeyOpenSsh);
});

test('a secret that was exchanged since costs no machine: nothing is sent, and the launch may be tried again', async () => {
  const { sent, outcome } = await launch('another secret of some length');
  expect(sent).toEqual([]);
  expect.assert(outcome instanceof ApplicationFailure);
  expect(outcome).toMatchObject({ type: 'provider_unavailable', nonRetryable: true });
  expect(outcome.details).toEqual([{ refused: true }]);
  expect(outcome.message).toContain('its secret was exchanged just now');
});
