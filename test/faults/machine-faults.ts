import type { Node } from '../../src/contract/provision-node.ts';
import { MINUTE, SECOND } from '../../src/domain/durations.ts';
import type { FaultPlan, Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { GPU_FAULTS } from './gpu-faults.ts';

/** Something that a machine, or Navarch, does wrong between the address and ready, and what has to come of it. */
export interface MachineFault {
  readonly faults: FaultPlan;
  readonly cloud?: Partial<SimulatorOptions>;
  /** Added to the request for a node. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** `ready`, or the type of the failure. */
  readonly ends: string;
  /** How many launches that takes: one means that the machine was fine, and was kept. */
  readonly launches: number;
  /** Why the first launch was given up. */
  readonly because?: RegExp;
  /** Done to the cloud while the provision runs. */
  readonly meanwhile?: (simulator: Simulator) => Promise<void>;
  /** What else is true of the ready node. */
  readonly holds?: (node: Node, simulator: Simulator) => void;
}

/** Its first machine only. */
function first(faults: Extract<FaultPlan[number], { on: 'machine' }>['do']): FaultPlan {
  return [{ on: 'machine', launch: 1, do: faults }];
}

function every(faults: Extract<FaultPlan[number], { on: 'machine' }>['do']): FaultPlan {
  return [{ on: 'machine', do: faults }];
}

const KEPT = { ends: 'ready', launches: 1 } as const;
const REPLACED = { ends: 'ready', launches: 2 } as const;

const SSH: Readonly<Record<string, MachineFault>> = {
  'sshd refuses for a minute': { faults: every({ sshAfterMs: MINUTE }), ...KEPT },
  'sshd is silent for a minute': { faults: every({ sshAfterMs: MINUTE, sshSilent: true }), ...KEPT },
  'sshd never comes': { faults: first({ sshAfterMs: 60 * MINUTE }), ...REPLACED, because: /nothing listens for SSH/ },
  'sshd is silent for ever': {
    faults: first({ sshAfterMs: 60 * MINUTE, sshSilent: true }),
    ...REPLACED,
    because: /does not answer in time/,
  },
  'shows the key of its image for half a minute': { faults: every({ cloudInitAfterMs: 30 * SECOND }), ...KEPT },
  'never shows the key we chose': {
    faults: first({ ignoresUserData: true }),
    ...REPLACED,
    because: /shows another SSH host key than was chosen for it/,
  },
  'is of an image that ignores user data': {
    faults: every({ ignoresUserData: true }),
    ends: 'host_key_mismatch',
    launches: 2,
    because: /shows another SSH host key than was chosen for it/,
  },
  'is of an image that ignores user data, and is trusted': {
    faults: every({ ignoresUserData: true }),
    request: { hostKey: 'trust-first' },
    ...KEPT,
    holds: (node) => {
      if (node.hostKey !== 'trust-first') throw new Error('the node does not say that its key was trusted');
    },
  },
  'denies permission for half a minute': { faults: every({ keyAcceptedAfterMs: 30 * SECOND }), ...KEPT },
  'denies permission for ever': {
    faults: first({ keyAcceptedAfterMs: 600 * MINUTE }),
    ...REPLACED,
    because: /does not accept the worker's SSH key/,
  },
  'cuts the first five connections': {
    faults: every({ dropConnections: [0, 1, 2, 3, 4].map((connection) => ({ connection, afterMs: 400 })) }),
    ...KEPT,
  },
  // Each is given up after ten seconds of ours, in which the machine lives for minutes.
  'lets its first connection hang': { faults: every({ hangConnections: [0] }), ...KEPT },
  'another machine has its address for a minute': {
    faults: every({ strangerUntilMs: MINUTE, sshAfterMs: 70 * SECOND }),
    ...KEPT,
  },
  'greets half a minute late': { faults: every({ bannerAfterMs: 30 * SECOND }), ...KEPT },
  // Noticed by keepalive after twenty seconds of ours.
  'falls silent while cloud-init is waited for': {
    faults: every({ cloudInitTakesMs: MINUTE, hangConnectionsAt: [{ connection: 0, stage: 'command' }] }),
    request: { deadlines: { ssh: '60m' } },
    ...KEPT,
  },
  'takes five minutes of cloud-init': { faults: every({ cloudInitTakesMs: 5 * MINUTE }), ...KEPT },
  'never ends its cloud-init': {
    faults: first({ cloudInitTakesMs: 300 * MINUTE }),
    ...REPLACED,
    because: /its cloud-init does not end/,
  },
  'reboots while cloud-init runs': {
    faults: every({ cloudInitTakesMs: 30 * SECOND, rebootAtMs: 20 * SECOND }),
    ...KEPT,
  },
};

const BOOTSTRAP: Readonly<Record<string, MachineFault>> = {
  'reboots in the midst of the installation of the agent': {
    faults: every({ rebootAtMs: 100 * SECOND, cloudInitTakesMs: 95 * SECOND }),
    ...KEPT,
  },
  'has no systemd': { faults: every({ noSystemd: true }), ...KEPT },
  'ends what a session started with the session': { faults: every({ endsSessions: true }), ...KEPT },
  'has a full disk': {
    faults: first({ diskFullAtMs: 0 }),
    ...REPLACED,
    because: /No space left on device/,
  },
  'the agent cannot be downloaded at first': {
    faults: every({
      failCommands: [{ match: 'curl -', exitCode: 6, stderr: 'curl: (6) Could not resolve host', times: 1 }],
    }),
    ...KEPT,
  },
  'the agent can never be downloaded': {
    faults: first({ failCommands: [{ match: 'curl -', exitCode: 6, stderr: 'curl: (6) Could not resolve host' }] }),
    ...REPLACED,
    because: /exit code 6 \(step: download navarch-node\)/,
  },
  'a command fails': {
    faults: [],
    request: {
      bootstrap: { commands: ['echo one', 'echo the disk is odd; exit 3'] },
      maxLaunches: 2,
      registration: 'direct',
    },
    ends: 'bootstrap_failed',
    launches: 2,
    because: /exit code 3 \(step: command 2 of 2\): the disk is odd/,
  },
  'a command hangs': {
    faults: [],
    request: {
      bootstrap: { commands: [{ run: 'sleep 100000', title: 'wait for the moon', timeout: '2m' }] },
      maxLaunches: 1,
      registration: 'direct',
    },
    ends: 'bootstrap_failed',
    launches: 1,
    because: /wait for the moon/,
  },
  'a command that may be repeated fails once': {
    faults: every({ failCommands: [{ match: 'apt-get update', exitCode: 100, times: 1 }] }),
    request: {
      bootstrap: { commands: [{ run: 'apt-get update', repeatable: true }] },
      registration: 'direct',
    },
    ...KEPT,
  },
};

const NAVARCH: Readonly<Record<string, MachineFault>> = {
  'its agent finds no driver, and nobody has looked at the GPUs': {
    faults: first({ nvidiaSmi: 'missing' }),
    request: { gpuCheck: 'off' },
    ...REPLACED,
    because: /registered 8 invented GPUs/,
  },
  'its agent finds no driver, and that is allowed': {
    faults: every({ nvidiaSmi: 'missing' }),
    request: { gpuCheck: 'off', allowFakeGpus: true },
    ...KEPT,
    holds: ({ fakeGpus }) => {
      if (fakeGpus !== true) throw new Error('the node does not say that its GPUs are invented');
    },
  },
  'Navarch holds an earlier silence against it': {
    faults: [],
    ...KEPT,
    meanwhile: async ({ record, controls }) => {
      while (record.registrations.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      controls.setNodeStatus(record.registrations[0]?.nodeId ?? '', 'UNHEALTHY');
    },
    holds: (_, { record }) => {
      const commands = record.nodeCommands.map(({ command }) => command);
      if (commands.join() !== 'CORDON,UNCORDON') throw new Error(`it was not mended: ${commands.join()}`);
    },
  },
  'it reboots between its registration and ready': {
    faults: [],
    ...KEPT,
    meanwhile: async ({ record, controls }) => {
      while (record.registrations.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await controls.machine(record.registrations[0]?.nodeId ?? '')?.reboot();
    },
    holds: (_, { record }) => {
      const looks = record.commands.filter(({ command }) => command.includes('python3 -'));
      if (looks.length < 2) throw new Error('its GPUs were not proven for the boot it is in');
      if (record.registrations.length < 2) throw new Error('its agent was not heard in the boot it is in');
    },
  },
  'it has no agent, and is registered by us': { faults: [], request: { registration: 'direct' }, ...KEPT },
  'Navarch is away for two minutes': {
    faults: [{ on: 'navarch', do: { kind: 'unavailable', between: [20 * SECOND, 140 * SECOND] } }],
    ...KEPT,
  },
  'Navarch does not take our token': {
    faults: [{ on: 'navarch', do: { kind: 'rejects-token' } }],
    ends: 'unauthorized',
    launches: 0,
    because: /Navarch/,
  },
  'Navarch forgets the node as soon as it is registered': {
    faults: [],
    ...KEPT,
    meanwhile: async ({ record, controls }) => {
      while (record.registrations.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      controls.restartNavarch();
    },
    holds: (_, { record }) => {
      if (record.registrations.length < 2) throw new Error('Navarch has not forgotten it');
    },
  },
};

export const FAULTS: Readonly<Record<string, MachineFault>> = { ...SSH, ...GPU_FAULTS, ...BOOTSTRAP, ...NAVARCH };
