import { condition } from '@temporalio/workflow';
import type { HostInput } from '../activities/types.ts';
import type { Node } from '../contract/provision-node.ts';
import type { Offering } from '../domain/offerings.ts';
import { seen } from '../domain/proof-of-absence.ts';
import { host } from './activities.ts';
import { failure } from './failures.ts';
import type { Launched } from './launch.ts';
import { proveGpus } from './prove-gpus.ts';
import { register, registerStill } from './register.ts';
import { together } from './scopes.ts';
import { step } from './step.ts';
import type { Story } from './story.ts';
import { untilActive, untilAddressed } from './waiting.ts';

/** A node that is up and registered, with the times known so far. */
export interface BroughtUp {
  readonly node: Omit<Node, 'launchesUsed' | 'times'> & {
    readonly times: Omit<Node['times'], 'requested' | 'granted' | 'ready'>;
  };
  /** When Lambda last showed the instance, milliseconds since the epoch. */
  readonly lastSeenAt: number;
}

/**
 * From an instance id to a machine that all parties call good (P7): it answers with the host key we chose, its GPUs compute, its bootstrap ran, Lambda says
 * active, Navarch has registered and heard it. SSH does not wait for `active`: sshd has been seen up half a minute earlier, and the pinned key
 * makes that safe (P10).
 */
export async function bringUp(story: Story, launched: Launched, offering: Offering): Promise<BroughtUp> {
  const { request, board, deadlines } = story;
  const { instanceId, hostKeyFingerprint, launchToken } = launched;
  const { instanceType, region } = offering;
  const { hostKey = 'pinned', registration = 'agent', allowFakeGpus = false } = request;
  const identity = {
    nodeId: instanceId,
    region,
    instanceType,
    ...(request.pool === undefined ? {} : { pool: request.pool }),
  };

  const { address } = await untilAddressed(launched, deadlines.addressMs);
  if (address === undefined) throw failure('instance_failed', 'the instance was shown without an address');
  const addressKnown = now();
  board.addressed(address);
  launched.evidence = seen(launched.evidence, Date.now());

  let isActive = false;
  const becomeActive = async () => {
    await untilActive(launched, launched.launchedAt + deadlines.activeMs - Date.now());
    launched.evidence = seen(launched.evidence, Date.now());
    isActive = true;
    return { active: now(), lastSeenAt: Date.now() };
  };
  const waitForActive = async (sofar: string) => {
    board.enter('waiting_for_active', `${sofar}; Lambda has not said active yet`);
    await condition(() => isActive);
  };
  const prepare = async () => {
    board.enter('connecting', `until ubuntu@${address} shows the SSH host key we chose, and cloud-init is done`);
    const asked = {
      address,
      launchToken,
      ...(hostKey === 'pinned' ? { hostKeyFingerprint } : { isTrusted: true }),
    };
    const seenAs = await step(
      'ssh_unreachable',
      'no verified SSH session with cloud-init done',
      deadlines.sshMs,
      (withinMs) => host('verify the host over SSH', { withinMs }).awaitHost(asked),
    );
    // What was trusted at first is pinned from here on. What we chose is never replaced by what was shown (P10).
    const believed = hostKey === 'pinned' ? hostKeyFingerprint : seenAs.hostKeyFingerprint;
    const machine = { ...asked, hostKeyFingerprint: believed };
    const sshVerified = now();
    const proven = await proveGpus(story, offering, machine);
    const gpusProven = proven === undefined ? {} : { gpusProven: now() };
    const bootId = await bootstrap(story, identity, machine);
    // A CUDA context proves something about one boot.
    const rebooted = proven !== undefined && bootId !== undefined && bootId !== proven.bootId;
    const provenNow = rebooted ? await proveGpus(story, offering, machine) : proven;
    const times = { sshVerified, ...gpusProven, bootstrapped: now() };
    const asWhat = { ...identity, host: machine, allowFakeGpus, mode: registration };
    // Nobody speaks for a node without an agent: Navarch would soon hold its silence against it.
    if (registration === 'direct' && !isActive) await waitForActive('bootstrapped');
    board.enter('registering', `until Navarch shows ${instanceId} ACTIVE and has heard it`);
    let registered = await register(story, offering, asWhat, provenNow);
    if (!isActive) {
      await waitForActive('registered');
      // Each of the parties is asked at the end (P7).
      board.enter('waiting_for_active', `active; until Navarch shows ${instanceId} ACTIVE and hears it still`);
      registered = await registerStill(story, offering, asWhat, registered);
    }
    return { machine, registered, architecture: seenAs.architecture, times };
  };
  const [{ machine, registered, architecture, times }, activated] = await together(prepare, becomeActive);
  const { gpus, fakeGpus } = registered.view;

  return {
    lastSeenAt: activated.lastSeenAt,
    node: {
      name: request.name,
      ...identity,
      instanceId,
      launchToken,
      address,
      architecture,
      gpus: [...gpus],
      gpuCheck: registered.proven === undefined ? 'off' : 'passed',
      ...(fakeGpus ? { fakeGpus } : {}),
      labels: request.labels ?? {},
      pricePerHourUsd: offering.priceCentsPerHour / 100,
      hostKeyFingerprint: machine.hostKeyFingerprint,
      hostKey,
      registration,
      times: {
        launched: new Date(launched.launchedAt).toISOString(),
        addressKnown,
        active: activated.active,
        ...times,
      },
    },
  };
}

/** The boot it ended in; undefined: there was nothing to run. */
async function bootstrap(
  { request, board, deadlines }: Story,
  identity: { readonly nodeId: string; readonly region: string; readonly instanceType: string; readonly pool?: string },
  machine: HostInput,
): Promise<string | undefined> {
  const { bootstrap: given, registration } = request;
  // A node that we register ourselves has no agent to install.
  if (given === undefined && registration === 'direct') return undefined;
  board.enter('bootstrapping', given === undefined ? 'installing navarch-node' : 'running the given commands');
  const { bootId } = await step(
    'bootstrap_failed',
    'the bootstrap script did not end',
    deadlines.bootstrapMs,
    (withinMs) =>
      host('run the bootstrap script', { withinMs }).runBootstrap({
        host: machine,
        ...identity,
        stepMs: deadlines.bootstrapStepMs,
        ...(given === undefined ? {} : { commands: given.commands }),
        ...(given?.secrets === undefined ? {} : { secrets: given.secrets }),
      }),
  );
  return bootId;
}

function now(): string {
  return new Date().toISOString();
}
