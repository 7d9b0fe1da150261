import { activityInfo } from '@temporalio/activity';
import { NavarchError, type NavarchNode } from '../clients/navarch/index.ts';
import { CHECK_AGENT_COMMAND, RESTART_AGENT_COMMAND } from '../domain/bootstrap-plan.ts';
import type { GpuView } from '../domain/gpus.ts';
import { judgeRegistration, type RegisteredNode } from '../domain/registration.ts';
import { lookUntil } from './activity-loop.ts';
import { connectHost } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final, fromNavarch } from './failures.ts';
import type { RegistrationInput } from './types.ts';

/** A control plane that restarts again and again, or an agent that does: more starts would not help. */
const MOST_RESTARTS = 3;

/** systemd gives a service 90 s to stop, and so does our supervisor. */
const RESTART_MS = 100_000;

/** What an attempt leaves to the next, in its heartbeat. Times are milliseconds since the epoch. */
interface Beat {
  /** Navarch has answered about the node, known or not. */
  readonly looked: boolean;
  /** The heartbeat that was there at the first look. */
  readonly firstSeenHeartbeatMs?: number;
  /** Whether Navarch knew the node at the last look, and since when that has been so. */
  readonly known?: boolean;
  readonly quietSince?: number;
  /** Since when our token has been refused. */
  readonly refusedSince?: number;
  readonly restarts: number;
  /** We have cordoned it, and are to take that back. */
  readonly cordoned: boolean;
  readonly waitingFor: string;
}

const NOTHING_YET: Beat = { looked: false, restarts: 0, cordoned: false, waitingFor: 'not looked yet' };

/** Waits until Navarch shows the node ready (P7), and does about it what can be done: see `Registration`. */
export async function awaitRegistration(
  dependencies: ActivityDependencies,
  input: RegistrationInput,
): Promise<{ readonly gpus: readonly GpuView[]; readonly fakeGpus: boolean }> {
  const registration = new Registration(dependencies, input, activityInfo().heartbeatDetails as Beat | undefined);
  return lookUntil({
    everyMs: dependencies.looks.hostMs,
    details: () => registration.beat,
    timeUp: () =>
      final(
        'registration_failed',
        `Navarch did not show ${input.nodeId} alive in time: ${registration.beat.waitingFor}`,
      ),
    look: (signal) => registration.look(signal),
  });
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
    this.beat = before ?? NOTHING_YET;
  }

  async look(signal: AbortSignal): Promise<{ gpus: readonly GpuView[]; fakeGpus: boolean } | undefined> {
    try {
      return await this.#look(signal);
    } catch (error) {
      if (!(error instanceof NavarchError)) throw error;
      this.#note({ waitingFor: error.message });
      if (error.kind === 'unavailable') return undefined;
      if (error.kind !== 'unauthorized') throw fromNavarch(error);
      const refusedSince = this.beat.refusedSince ?? Date.now();
      this.#note({ refusedSince });
      if (Date.now() - refusedSince >= this.#dependencies.looks.graceMs) throw fromNavarch(error);
      return undefined;
    }
  }

  async #look(signal: AbortSignal): Promise<{ gpus: readonly GpuView[]; fakeGpus: boolean } | undefined> {
    const { navarch } = this.#dependencies;
    const { nodeId, mode } = this.#input;
    if (this.beat.cordoned) await this.#uncordon(signal);
    const shown = await navarch.getNode(nodeId, { signal });
    const node = shown === undefined ? undefined : registered(shown);
    if (!this.beat.looked && node?.lastHeartbeatMs !== undefined) {
      this.#note({ firstSeenHeartbeatMs: node.lastHeartbeatMs });
    }
    this.#note({ looked: true, refusedSince: undefined });
    if (node === undefined && mode === 'direct') {
      await navarch.registerNode(this.#asRegistration(), { signal });
      return undefined;
    }
    const verdict = judgeRegistration(node, this.#input, this.beat.firstSeenHeartbeatMs);
    switch (verdict.kind) {
      case 'ready':
        return { gpus: (node?.gpus ?? []).map(view), fakeGpus: verdict.fakeGpus };
      case 'wrong':
        throw final('registration_failed', verdict.reason);
      case 'mend':
        this.#note({ waitingFor: verdict.reason, cordoned: true });
        await navarch.issueCommand({ nodeId, command: 'cordon' }, { signal });
        return undefined;
      case 'wait':
        this.#note({ waitingFor: verdict.reason });
        if (mode === 'agent') await this.#wake(node, signal);
        return undefined;
    }
  }

  async #uncordon(signal: AbortSignal): Promise<void> {
    try {
      await this.#dependencies.navarch.issueCommand({ nodeId: this.#input.nodeId, command: 'uncordon' }, { signal });
    } catch (error) {
      // Not cordoned (any more), or forgotten: there is nothing to take back.
      if (!(error instanceof NavarchError) || (error.kind !== 'conflict' && error.kind !== 'not_found')) throw error;
    }
    this.#note({ cordoned: false });
  }

  /** An agent that Navarch has not known for a while begins anew; one that it knows and does not hear, only if it has ended. */
  async #wake(node: RegisteredNode | undefined, signal: AbortSignal): Promise<void> {
    const known = node !== undefined;
    const quietSince = known === this.beat.known ? (this.beat.quietSince ?? Date.now()) : Date.now();
    this.#note({ known, quietSince });
    const { forgottenMs } = this.#dependencies.looks;
    // Each start takes its time to be heard of: twice as long as the first.
    const patienceMs = forgottenMs * (this.beat.restarts === 0 ? 1 : 2);
    if (this.beat.restarts >= MOST_RESTARTS || Date.now() - quietSince < patienceMs) return;
    const command = !known ? RESTART_AGENT_COMMAND : `${CHECK_AGENT_COMMAND} || ${asRoot(RESTART_AGENT_COMMAND)}`;
    const started = await this.#run(asRoot(command), signal);
    this.#note({ quietSince: Date.now(), ...(started ? { restarts: this.beat.restarts + 1 } : {}) });
  }

  /** Trouble with SSH is no verdict here: Navarch's word is what counts. */
  async #run(command: string, signal: AbortSignal): Promise<boolean> {
    const result = await connectHost(this.#dependencies, this.#input.host, signal);
    if (result.kind !== 'connected') return false;
    try {
      const ran = await result.connection.run(command, { signal, timeoutMs: RESTART_MS });
      return ran.kind === 'exited' && ran.exitCode === 0;
    } finally {
      result.connection.close();
    }
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

function asRoot(command: string): string {
  return `sudo -n ${command}`;
}

function view({ index, uuid, model, memoryMib }: GpuView): GpuView {
  return { index, uuid, model, memoryMib };
}

function registered(node: NavarchNode): RegisteredNode {
  const { nodeId, provider, region, instanceType, status, labels, lastHeartbeatMs } = node;
  return {
    nodeId,
    provider,
    region,
    instanceType,
    status,
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
