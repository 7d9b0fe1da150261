import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createWorld, type World } from '../../src/demo/world.ts';
import { NodeProvisioner, type Node } from '../../src/sdk/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { gpuImage, stubUuid } from './real-machine/gpu-image.ts';
import { RealMachine, whyNoRealMachine } from './real-machine/real-machine.ts';

// The whole product against machines that are none of the simulator's making: OpenSSH, sudo, bash, curl, python, in namespaces of their own.
// They have no systemd, so that navarch-node runs under our own supervisor. Their GPUs are stubs of libcuda and nvidia-smi.

const ACCOUNT = `real-machine-${process.pid}`;
const why = await whyNoRealMachine();

describe.skipIf(why !== undefined)(`on a real machine${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  const machines = new Map<string, RealMachine>();
  let world: World;
  let download: Server;
  let provisioner: NodeProvisioner;

  beforeAll(async () => {
    const agent = await readFile(new URL('real-machine/agent.py', import.meta.url));
    download = createServer((_, response) => response.end(agent)).listen(0, '127.0.0.1');
    const image = await gpuImage();
    world = await createWorld({
      temporalAddress: inject('temporalAddress'),
      logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
      account: ACCOUNT,
      seed: 31,
      clockFactor: 20,
      heartbeatIntervalSeconds: 1,
      // Their agents live in real time, the control plane does not.
      heartbeatTimeoutMs: 3_600_000,
      navarchToken: 'the-$token-of-"agents"',
      createMachine: (spec) => {
        const machine = new RealMachine(spec, image(spec.gpus.length));
        machines.set(spec.instanceId, machine);
        return machine;
      },
      environment: {
        NAVARCH_AGENT_DOWNLOAD_URL: `http://127.0.0.1:${(download.address() as AddressInfo).port}`,
        NAVARCH_AUTH_TOKEN: 'the-$token-of-"agents"',
      },
      workflowBundlePath: inject('workflowBundlePath'),
    });
    await world.startWorker();
    provisioner = await NodeProvisioner.connect({ address: inject('temporalAddress'), account: ACCOUNT });
  }, 120_000);

  afterAll(async () => {
    await provisioner.close();
    await world.close();
    download.close();
  });

  function machineOf(node: Pick<Node, 'instanceId'>): RealMachine {
    const machine = machines.get(node.instanceId);
    if (machine === undefined) throw new Error(`${node.instanceId} has no machine`);
    return machine;
  }

  test('the agent is installed, registers with the GPUs that were proven, and is stopped in the end', async () => {
    const provision = await provisioner.provision({
      name: 'real-agent',
      instanceType: 'gpu_2x_h100_sxm5',
      pool: 'training',
    });
    const node = await provision.ready();
    const machine = machineOf(node);
    expect(node.gpus.map(({ uuid }) => uuid)).toEqual([stubUuid(0), stubUuid(1)]);
    expect(node).toMatchObject({ gpuCheck: 'passed', hostKey: 'pinned', architecture: 'x86_64', launchesUsed: 1 });
    const agents = (await machine.commandLines()).filter((line) => line.includes('/usr/local/bin/navarch-node'));
    expect(agents.some((line) => line.includes(`--node-id ${node.instanceId}`))).toBe(true);
    expect(agents.join('\n')).not.toContain('the-token');

    // It comes back when it dies, as it would under systemd.
    expect(await machine.kill(`--node-id ${node.instanceId}`)).toBeGreaterThan(0);
    await until(() => world.simulator.record.registrations.length >= 2);

    await provisioner.terminate({ name: 'real-agent' });
    expectCleanSlate(world.simulator);
  });

  test('a bootstrap goes on while connections are cut, its steps are found again after a reboot, and nothing runs twice', async () => {
    const provision = await provisioner.provision({
      name: 'real-cut',
      instanceType: 'gpu_1x_h100_sxm5',
      registration: 'direct',
      bootstrap: {
        commands: [
          'echo once >> /var/log/steps',
          { run: 'echo again >> /var/log/steps; sleep 6; echo slept >> /var/log/steps', repeatable: true },
          'echo {{.NodeID}} > /var/log/node-id',
        ],
      },
      maxLaunches: 1,
      deadlines: { bootstrap: '2h', bootstrapStep: '1h' },
    });
    let machine: RealMachine | undefined;
    for await (const { phase, instanceId } of provision.progress()) {
      if (phase === 'bootstrapping' && instanceId !== undefined) {
        machine = machineOf({ instanceId });
        break;
      }
    }
    await until(async () => (await machine?.readFile('/var/log/steps'))?.includes('again') === true);
    for (let cut = 0; cut < 3; cut += 1) {
      await machine?.kill('sshd: ubuntu');
      await sleep(300);
    }
    await machine?.reboot();
    const node = await provision.ready();
    expect(await machine?.readFile('/var/log/steps')).toBe('once\nagain\nagain\nslept\n');
    expect(await machine?.readFile('/var/log/node-id')).toBe(`${node.instanceId}\n`);
    await provisioner.terminate({ name: 'real-cut' });
    expectCleanSlate(world.simulator);
  });
});

/** The test's own timeout bounds it. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}
