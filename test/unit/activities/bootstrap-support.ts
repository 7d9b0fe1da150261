import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ApplicationFailure } from '@temporalio/common';
import type { ActivityDependencies } from '../../../src/activities/dependencies.ts';
import { createHostActivities } from '../../../src/activities/host.ts';
import type { BootstrapInput, HostActivities, HostInput } from '../../../src/activities/types.ts';
import type { HostProgress } from '../../../src/contract/messages.ts';
import type { MachineFaults, MachineSpec } from '../../../src/simulator/machines/machine.ts';
import { standIn, type StandIn } from '../machines/agent-support.ts';
import {
  connectWhenUp,
  privateKey,
  run,
  testMachine,
  type Ran,
  type TestMachine,
} from '../machines/machine-support.ts';

export const DIRECTORY = '/var/lib/navarch-provisioner/token1';

/** A machine, and workers that bootstrap it. */
export interface Bootstrapping {
  readonly machine: TestMachine;
  readonly navarch: StandIn;
  /** Progress that was signalled, and to whom. */
  readonly signals: { readonly to: string; readonly progress: HostProgress }[];
  /** Details of all heartbeats, in order. */
  readonly heartbeats: { readonly step: string; readonly lastLines: readonly string[]; readonly trouble: string }[];
  /** Another worker. Each has its own process in life; here they share nothing but the machine. */
  readonly worker: (withinMs?: number) => Worker;
  /** As somebody with a key of the machine. */
  readonly ssh: (command: string) => Promise<Ran>;
  /** Everything that was said to the machine, and all that ran on it. */
  readonly said: () => string;
}

export interface Worker {
  readonly bootstrap: (more?: Partial<BootstrapInput>) => ReturnType<HostActivities['runBootstrap']>;
  readonly stopAgent: () => Promise<void>;
  /** It is gone: nothing it does any more has an effect. */
  readonly kill: () => void;
}

export interface World {
  readonly faults?: MachineFaults;
  readonly spec?: Partial<MachineSpec>;
  readonly factor?: number;
  readonly token?: string;
  readonly sha256?: ActivityDependencies['agent']['sha256'];
  readonly secrets?: Readonly<Record<string, string>>;
  /** Where its agent registers. Default: at the stand-in. */
  readonly controlPlaneUrl?: string;
}

export async function bootstrapping(world: World = {}): Promise<Bootstrapping> {
  const { faults = {}, factor = 20, token, sha256 = {}, secrets = {} } = world;
  const navarch = await standIn();
  const machine = testMachine({ factor, faults, ...world.spec });
  await machine.powerOn();
  const signals: Bootstrapping['signals'] = [];
  const heartbeats: Bootstrapping['heartbeats'] = [];
  const getHandle = (workflowId: string, runId: string) => ({
    signal: (_: unknown, progress: HostProgress) => {
      signals.push({ to: `${workflowId} ${runId}`, progress });
      return Promise.resolve();
    },
  });
  const dependencies = {
    temporal: { workflow: { getHandle } } as unknown as Client,
    ssh: { privateKeys: () => Promise.resolve([privateKey]), username: 'ubuntu', port: machine.spec.sshPort },
    agent: {
      downloadUrl: `${navarch.url}/download`,
      controlPlaneUrl: world.controlPlaneUrl ?? navarch.url,
      authToken: () => Promise.resolve(token),
      sha256,
    },
    bootstrapSecret: (name: string) => Promise.resolve(secrets[name]),
    looks: { hostMs: 25 },
  } as unknown as ActivityDependencies;
  const activities = createHostActivities(dependencies);
  const runBootstrap = (input: BootstrapInput) => activities.runBootstrap(input);
  const stopAgent = (input: HostInput) => activities.stopAgent(input);
  const host = { address: machine.spec.address, launchToken: 'token1', isTrusted: true };

  return {
    machine,
    navarch,
    signals,
    heartbeats,
    worker: (withinMs = 60_000) => {
      const environment = new MockActivityEnvironment({
        startToCloseTimeoutMs: withinMs,
        scheduleToCloseTimeoutMs: withinMs,
        heartbeatTimeoutMs: 6,
        workflowExecution: { workflowId: 'provision-node/a', runId: 'run-1' },
      });
      environment.on('heartbeat', (details) => heartbeats.push(details as Bootstrapping['heartbeats'][number]));
      return {
        bootstrap: (more = {}) =>
          environment.run(runBootstrap, {
            host,
            nodeId: 'i-1',
            region: 'us-south-2',
            instanceType: 'gpu_1x_h100_sxm5',
            stepMs: 900_000,
            ...more,
          }),
        stopAgent: () => environment.run(stopAgent, host),
        kill: () => environment.cancel('WORKER_SHUTDOWN'),
      };
    },
    ssh: async (command) => {
      const { client } = await connectWhenUp(machine);
      const ran = await run(client, command);
      client.end();
      return ran;
    },
    said: () => JSON.stringify([machine.commands, machine.started]),
  };
}

/** How it failed. */
export async function failureOf(promise: Promise<unknown>): Promise<{
  readonly type: string | null | undefined;
  readonly message: string;
  readonly lastLines: readonly string[];
}> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error as ApplicationFailure,
  );
  if (failure === undefined) throw new Error('it did not fail');
  const [details] = (failure.details ?? []) as readonly { readonly lastLines: readonly string[] }[];
  return { type: failure.type, message: failure.message, lastLines: details?.lastLines ?? [] };
}
