import type { HostInput, ProvenGpus } from '../activities/types.ts';
import type { Node } from '../contract/provision-node.ts';
import { formatDuration } from '../domain/durations.ts';
import type { FailureType } from '../domain/failures.ts';
import { seen } from '../domain/proof-of-absence.ts';
import { host } from './activities.ts';
import { failure, failureTypeOf, messageOf, ranOutOfTime } from './failures.ts';
import type { Launched } from './launch.ts';
import { together } from './scopes.ts';
import type { Story } from './story.ts';
import { untilActive, untilAddressed } from './waiting.ts';
import type { Offering } from '../domain/offerings.ts';

/** A machine that reboots once has had an update, or was told to; one that does so again and again is broken. */
const MOST_REBOOTS = 3;

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

  const prepare = async () => {
    board.enter('connecting', `ubuntu@${address}, until cloud-init is done`);
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
    board.enter('waiting_for_active', 'bootstrapped; Lambda has not said active yet');
    return {
      machine,
      proven: provenNow,
      architecture: seenAs.architecture,
      times: { sshVerified, ...gpusProven, bootstrapped: now() },
    };
  };
  const becomeActive = async () => {
    await untilActive(launched, launched.launchedAt + deadlines.activeMs - Date.now());
    launched.evidence = seen(launched.evidence, Date.now());
    return { active: now(), lastSeenAt: Date.now() };
  };
  const [prepared, activated] = await together(prepare, becomeActive);

  board.enter('registering', `until Navarch shows ${instanceId} ACTIVE and has heard it`);
  const { machine } = prepared;
  const register = async (proven: ProvenGpus | undefined) =>
    step('registration_failed', 'Navarch did not show the node alive', deadlines.registrationMs, (withinMs) =>
      host('until registered and heard', { withinMs }).awaitRegistration({
        ...identity,
        host: machine,
        ...(proven === undefined ? {} : { gpus: proven.gpus }),
        allowFakeGpus,
        mode: registration,
      }),
    );
  let { proven } = prepared;
  let registered = await register(proven);
  // It may have rebooted since: what was proven, was proven of that boot, and its agent is another one now.
  for (let boots = 1; proven !== undefined; boots += 1) {
    const { bootId } = await step('ssh_unreachable', 'the machine was not reached again', deadlines.sshMs, (withinMs) =>
      host('look whether it has rebooted since', { withinMs }).awaitHost(machine),
    );
    if (bootId === proven.bootId) break;
    if (boots > MOST_REBOOTS) throw failure('instance_failed', 'the machine reboots again and again');
    proven = await proveGpus(story, offering, machine);
    board.enter('registering', `once more, for the machine has rebooted: until Navarch has heard ${instanceId}`);
    registered = await register(proven);
  }
  const { gpus, fakeGpus } = registered;

  return {
    lastSeenAt: activated.lastSeenAt,
    node: {
      name: request.name,
      ...identity,
      instanceId,
      launchToken,
      address,
      architecture: prepared.architecture,
      gpus: [...gpus],
      gpuCheck: proven === undefined ? 'off' : 'passed',
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
        ...prepared.times,
      },
    },
  };
}

/** Undefined: there is nothing to prove, or the caller does not want it. */
async function proveGpus(
  { request, board, deadlines }: Story,
  { instanceType, gpus: ordered }: Offering,
  machine: HostInput,
): Promise<ProvenGpus | undefined> {
  if (request.gpuCheck === 'off' || ordered?.count === 0) return undefined;
  board.enter('proving_gpus', 'a CUDA context on every GPU');
  // What was found, the step says itself; where its time is over without a word, nobody has looked.
  return step('ssh_unreachable', 'nobody could look at the GPUs', deadlines.gpuMs, (withinMs) =>
    host('prove the GPUs', { withinMs }).proveGpus({
      host: machine,
      instanceType,
      ...(ordered === undefined ? {} : { ordered }),
    }),
  );
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

/** A step that, when its time is up, fails as what it was for; with the last thing it met. */
async function step<T>(
  type: FailureType,
  what: string,
  withinMs: number,
  run: (withinMs: number) => Promise<T>,
): Promise<T> {
  try {
    return await run(withinMs);
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
    const known = failureTypeOf(error);
    if (known !== undefined && known !== 'provider_unavailable') throw error;
    throw failure(type, `${what} within ${formatDuration(withinMs)}: ${messageOf(error)}`, { cause: error });
  }
}

function now(): string {
  return new Date().toISOString();
}
