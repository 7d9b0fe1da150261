import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { NavarchError, type NavarchNode } from '../clients/navarch/index.ts';
import type { GpuView } from '../domain/gpus.ts';
import { judgeRegistration, type RegisteredNode } from '../domain/registration.ts';
import { lookUntil } from './activity-loop.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final, fromNavarch } from './failures.ts';
import { readBootId } from './read-boot-id.ts';
import { restartAgent, type RestartResult } from './restart-agent.ts';
import type { RegisteredView, RegistrationInput } from './types.ts';

/** A control plane that restarts again and again, or an agent that does: more starts would not help. */
const MOST_RESTARTS = 3;

/** As what a node may be shown whose agent registers once more. */
const MAY_BEGIN_ANEW: readonly string[] = ['ACTIVE', 'UNHEALTHY'];

/** What an attempt leaves to the next, in its heartbeat. Times are milliseconds since the epoch. */
interface Beat {
  /** Navarch has answered about the node, known or not. */
  readonly looked: boolean;
  /** The heartbeat that was there at the first look, or when we mended it: ready takes a later one. */
  readonly firstSeenHeartbeatMs?: number;
  /** Whether Navarch knew the node at the last look, and since when that has been so. */
  readonly known?: boolean;
  readonly quietSince?: number;
  /** Since when our token has been refused. */
  readonly refusedSince?: number;
  readonly restarts: number;
  /** Its agent was started again because of the GPUs it registered. */
  readonly beganAnew?: boolean;
  /** Navarch did not answer at the last look: that is nothing the machine can help. */
  readonly isAway?: boolean;
  /** What came of the last start of the agent. */
  readonly agent?: string;
  /** Since when we mean to cordon it and take that back. */
  readonly mendingSince?: number;
  readonly waitingFor: string;
}

function nothingYet({ heardAfterMs }: RegistrationInput): Beat {
  return {
    ...{ looked: heardAfterMs !== undefined, restarts: 0, waitingFor: 'not looked yet' },
    ...(heardAfterMs === undefined ? {} : { firstSeenHeartbeatMs: heardAfterMs }),
  };
}

/** Waits until Navarch shows the node ready (P7), and does about it what can be done: see `Registration`. */
export async function awaitRegistration(
  dependencies: ActivityDependencies,
  input: RegistrationInput,
): Promise<RegisteredView> {
  const registration = new Registration(dependencies, input, activityInfo().heartbeatDetails as Beat | undefined);
  return lookUntil({
    everyMs: dependencies.looks.hostMs,
    details: () => registration.beat,
    timeUp: () =>
      final(
        registration.beat.isAway === true ? 'provider_unavailable' : 'registration_failed',
        `Navarch did not show ${input.nodeId} alive in time: ${registration.beat.waitingFor}`,
      ),
    look: (signal) => registration.look(signal),
  });
}

/** One look at a node that was registered before, in which nothing is mended or waited for. */
export async function lookAtRegistration(
  dependencies: ActivityDependencies,
  input: RegistrationInput,
): Promise<RegisteredView | undefined> {
  const signal = cancellationSignal();
  try {
    const shown = await dependencies.navarch.getNode(input.nodeId, { signal });
    const node = shown === undefined ? undefined : registered(shown);
    const verdict = judgeRegistration(node, input, input.heardAfterMs);
    return verdict.kind === 'ready' ? await readyView(dependencies, input, node, verdict.fakeGpus, signal) : undefined;
  } catch (error) {
    if (error instanceof NavarchError) return undefined;
    throw error;
  }
}

/**
 * One node on its way into Navarch. A control plane keeps nodes in memory only, and no agent registers twice by itself: one that was forgotten,
 * or has ended, is started again over SSH. An UNHEALTHY mark of an earlier silence is mended. A control plane that is away is waited for.
 */
class Registration {
  readonly #dependencies: ActivityDependencies;
  readonly #input: RegistrationInput;
  beat: Beat;

  constructor(dependencies: ActivityDependencies, input: RegistrationInput, before: Beat | undefined) {
    this.#dependencies = dependencies;
    this.#input = input;
    this.beat = before ?? nothingYet(input);
  }

  async look(signal: AbortSignal): Promise<RegisteredView | undefined> {
    try {
      return await this.#look(signal);
    } catch (error) {
      if (!(error instanceof NavarchError)) throw error;
      this.#note({ waitingFor: error.message, isAway: error.kind === 'unavailable' });
      if (error.kind === 'invalid') throw final('registration_failed', error.message);
      // All else passes: a control plane that restarts, a proxy before it, a node forgotten between two calls.
      if (error.kind !== 'unauthorized') return undefined;
      const refusedSince = this.beat.refusedSince ?? Date.now();
      this.#note({ refusedSince });
      if (Date.now() - refusedSince >= this.#dependencies.looks.graceMs) throw fromNavarch(error);
      return undefined;
    }
  }

  async #look(signal: AbortSignal): Promise<RegisteredView | undefined> {
    const { navarch } = this.#dependencies;
    const { nodeId, mode } = this.#input;
    const shown = await navarch.getNode(nodeId, { signal });
    const node = shown === undefined ? undefined : registered(shown);
    // Whatever heartbeat a node has that was not known before is a new one.
    if (node === undefined) this.#note({ firstSeenHeartbeatMs: undefined });
    else if (!this.beat.looked) this.#note({ firstSeenHeartbeatMs: node.lastHeartbeatMs });
    this.#note({ looked: true, refusedSince: undefined, isAway: undefined });
    if (node === undefined && mode === 'direct') {
      await navarch.registerNode(this.#asRegistration(), { signal });
      return undefined;
    }
    if (node?.status === 'CORDONED' && this.beat.mendingSince !== undefined) {
      await this.#takeCordonBack(node, signal);
      return undefined;
    }
    const verdict = judgeRegistration(node, this.#input, this.beat.firstSeenHeartbeatMs);
    if (verdict.kind !== 'mend') this.#note({ mendingSince: undefined });
    switch (verdict.kind) {
      case 'ready':
        return readyView(this.#dependencies, this.#input, node, verdict.fakeGpus, signal);
      case 'wrong gpus':
        if (await this.#beginAnew(node, signal)) return undefined;
        throw final('registration_failed', verdict.reason);
      case 'wrong':
        throw final('registration_failed', verdict.reason);
      case 'mend':
        this.#note({ waitingFor: verdict.reason });
        if (node !== undefined) await this.#mend(node, signal);
        return undefined;
      case 'wait':
        if (mode !== 'direct') await this.#wake(node, signal);
        this.#note({ waitingFor: [verdict.reason, this.beat.agent].filter((part) => part !== undefined).join('; ') });
        return undefined;
    }
  }

  /**
   * An agent that began before the driver did registers what was there then, and never looks again. Where we have seen the GPUs ourselves, it
   * gets another try. False: it has had it, or cannot be reached.
   */
  async #beginAnew(node: RegisteredNode | undefined, signal: AbortSignal): Promise<boolean> {
    if (this.#input.gpus === undefined || this.#input.mode === 'direct' || this.beat.beganAnew === true) return false;
    const result = await restartAgent(this.#dependencies, this.#input.host, 'always', signal);
    this.#note({
      beganAnew: true,
      firstSeenHeartbeatMs: node?.lastHeartbeatMs,
      quietSince: Date.now(),
      agent: inWords(result),
      waitingFor: `another registration, with the GPUs that were proven; ${inWords(result)}`,
    });
    return result.kind === 'restarted';
  }

  /**
   * A worker that dies between the two commands leaves a cordon that nobody else would take back. So the intent is written down first, and
   * acted on when Temporal is sure to have it: heartbeats are passed on at least once within their timeout.
   */
  async #mend(node: RegisteredNode, signal: AbortSignal): Promise<void> {
    const mendingSince = this.beat.mendingSince ?? Date.now();
    this.#note({ mendingSince });
    if (Date.now() - mendingSince < (activityInfo().heartbeatTimeoutMs ?? 0)) return;
    await this.#dependencies.navarch.issueCommand({ nodeId: node.nodeId, command: 'cordon' }, { signal });
    await this.#takeCordonBack(node, signal);
  }

  /** From then on a silence would count again, so it has to be heard once more. */
  async #takeCordonBack({ nodeId, lastHeartbeatMs }: RegisteredNode, signal: AbortSignal): Promise<void> {
    await this.#dependencies.navarch.issueCommand({ nodeId, command: 'uncordon' }, { signal });
    this.#note({ mendingSince: undefined, firstSeenHeartbeatMs: lastHeartbeatMs });
  }

  /**
   * An agent that Navarch has not known for a while begins anew; one that it knows and does not hear, only if it has ended. A node that
   * somebody has cordoned is left alone: its agent would make it ACTIVE.
   */
  async #wake(node: RegisteredNode | undefined, signal: AbortSignal): Promise<void> {
    const known = node !== undefined;
    const quietSince = known === this.beat.known ? (this.beat.quietSince ?? Date.now()) : Date.now();
    this.#note({ known, quietSince });
    if (known && !MAY_BEGIN_ANEW.includes(node.status)) return;
    const { forgottenMs } = this.#dependencies.looks;
    const { restarts } = this.beat;
    // Each start takes its time to be heard of: twice as long as the first.
    const patienceMs = forgottenMs * (restarts === 0 ? 1 : 2);
    if (restarts >= MOST_RESTARTS || Date.now() - quietSince < patienceMs) return;
    const result = await restartAgent(this.#dependencies, this.#input.host, known ? 'if-ended' : 'always', signal);
    this.#note({
      quietSince: Date.now(),
      restarts: restarts + (result.kind === 'restarted' ? 1 : 0),
      agent: inWords(result),
    });
  }

  #asRegistration() {
    const { nodeId, region, instanceType, pool, gpus = [], host } = this.#input;
    return {
      nodeId,
      provider: 'lambda',
      region,
      instanceType,
      externalIp: host.address,
      ...(pool === undefined ? {} : { labels: { pool } }),
      gpus: gpus.map(({ index, uuid, model, memoryMib }) => ({
        ...{ index, uuid, name: model, memoryBytes: memoryMib * 2 ** 20 },
        ...{ pciBusId: '', driverVersion: '', cudaVersion: '' },
      })),
    };
  }

  #note(change: { readonly [K in keyof Beat]?: Beat[K] | undefined }): void {
    this.beat = Object.fromEntries(
      Object.entries({ ...this.beat, ...change }).filter(([, value]) => value !== undefined),
    ) as unknown as Beat;
  }
}

/** Its agent was heard, and last of all: is it still the boot for which its GPUs are proven? The story judges that. */
async function readyView(
  dependencies: ActivityDependencies,
  { host, gpus }: RegistrationInput,
  node: RegisteredNode | undefined,
  fakeGpus: boolean,
  signal: AbortSignal,
): Promise<RegisteredView> {
  const bootId = gpus === undefined ? undefined : await readBootId(dependencies, host, signal);
  return {
    ...{ gpus: (node?.gpus ?? []).map(view), fakeGpus },
    ...(node?.lastHeartbeatMs === undefined ? {} : { heardMs: node.lastHeartbeatMs }),
    ...(bootId === undefined ? {} : { bootId }),
  };
}

function inWords(result: RestartResult): string {
  switch (result.kind) {
    case 'restarted':
      return 'its agent was started again';
    case 'runs':
      return 'its agent runs';
    case 'failed':
      return `its agent cannot be started again: ${result.reason}`;
  }
}

function view({ index, uuid, model, memoryMib }: GpuView): GpuView {
  return { index, uuid, model, memoryMib };
}

function registered(node: NavarchNode): RegisteredNode {
  const { nodeId, provider, region, instanceType, status, health, labels, lastHeartbeatMs } = node;
  return {
    nodeId,
    provider,
    region,
    instanceType,
    status,
    health,
    labels,
    gpus: node.gpus.map(({ index, uuid, name, pciBusId, memoryBytes }) => ({
      index,
      uuid,
      model: name,
      memoryMib: Math.round(memoryBytes / 2 ** 20),
      pciBusId,
    })),
    ...(lastHeartbeatMs === undefined ? {} : { lastHeartbeatMs }),
  };
}
