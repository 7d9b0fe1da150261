import { KERNEL_RELEASE } from '../commands/identity.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { agentGpus } from './agent-gpus.ts';
import { parseAgentOptions, USAGE } from './agent-options.ts';
import type { AgentOptions } from './agent-options.ts';
import { ControlPlane, ControlPlaneError } from './control-plane.ts';

/** Waits between the four attempts to register: about 14 seconds in all (reference: navarch.md §4). */
const REGISTRATION_WAITS_MS = [2_000, 4_000, 8_000] as const;
const DEFAULT_HEARTBEAT_MS = 30_000;
const DEFAULT_HEALTH_MS = 60_000;
const COMMAND_POLL_MS = 10_000;

/**
 * Navarch's node agent, as the real one behaves: registers once and never again, then heartbeats (the first only after a whole
 * interval), reports health, and asks for commands; TERMINATE ends it with 0.
 */
export const navarchNode: Program = async (process, args) => {
  const parsed = parseAgentOptions(args, {
    hostname: process.system.spec.hostname,
    authToken: process.env.get('NAVARCH_AUTH_TOKEN') ?? '',
  });
  if (parsed.kind === 'mistake') return process.fail(`${parsed.text}\n${USAGE.trimEnd()}`, 2);
  if (parsed.kind === 'help') return process.fail(USAGE.trimEnd(), 0);
  return new Agent(process, parsed.options).run();
};

class Agent {
  readonly #process: Process;
  readonly #options: AgentOptions;
  readonly #controlPlane: ControlPlane;

  constructor(process: Process, options: AgentOptions) {
    this.#process = process;
    this.#options = options;
    this.#controlPlane = new ControlPlane(options.server, options.authToken);
  }

  async run(): Promise<number> {
    const { nodeId, server } = this.#options;
    await this.#log('INFO', 'starting node agent', { node_id: nodeId, control_plane: server });
    const registered = await this.#register();
    if (registered === undefined) return 1;
    const config = asRecord(registered['config']);
    const over = new AbortController();
    const signal = AbortSignal.any([this.#process.signal, over.signal]);
    const loops = [
      this.#every(seconds(config['heartbeatIntervalSeconds'], DEFAULT_HEARTBEAT_MS), signal, () =>
        this.#heartbeat(signal),
      ),
      this.#every(seconds(config['healthCheckIntervalSeconds'], DEFAULT_HEALTH_MS), signal, () => this.#health(signal)),
      this.#every(COMMAND_POLL_MS, signal, () => this.#commands(signal)),
    ];
    const first = await Promise.race(loops);
    over.abort(new Error('the agent ends'));
    // The others stop where they wait; only what is not that is worth telling.
    await Promise.allSettled(loops);
    return first;
  }

  async #register(): Promise<Readonly<Record<string, unknown>> | undefined> {
    for (const wait of [...REGISTRATION_WAITS_MS, undefined]) {
      try {
        const answer = await this.#call('RegisterNode', this.#description());
        await this.#log('INFO', 'registered with control plane', { node_id: this.#options.nodeId });
        return answer;
      } catch (error) {
        if (!(error instanceof ControlPlaneError)) throw error;
        await this.#log('WARN', 'registration failed', { error: `${error.code}: ${error.message}` });
      }
      if (wait !== undefined) await this.#process.system.clock.sleep(wait, this.#process.signal);
    }
    await this.#log('ERROR', 'failed to register with control plane', {});
    return undefined;
  }

  #description(): object {
    const { nodeId, provider, region, zone, instanceType, pool } = this.#options;
    const { spec } = this.#process.system;
    return {
      nodeId,
      provider,
      region,
      zone,
      instanceType,
      gpus: agentGpus(spec, this.#process.env),
      metadata: {
        hostname: spec.hostname,
        internalIp: spec.address,
        kernelVersion: KERNEL_RELEASE,
        labels: pool === '' ? {} : { pool },
      },
    };
  }

  /** Runs `action` after each interval until it says how the agent ends. A failed call is told and changes nothing. */
  async #every(intervalMs: number, signal: AbortSignal, action: () => Promise<number | undefined>): Promise<number> {
    for (;;) {
      await this.#process.system.clock.sleep(intervalMs, signal);
      try {
        const exitCode = await action();
        if (exitCode !== undefined) return exitCode;
      } catch (error) {
        if (!(error instanceof ControlPlaneError)) throw error;
        await this.#log('ERROR', 'call to control plane failed', { error: `${error.code}: ${error.message}` });
      }
    }
  }

  async #heartbeat(signal: AbortSignal): Promise<undefined> {
    const gpuMetrics = agentGpus(this.#process.system.spec, this.#process.env).map((gpu) => ({
      gpuIndex: gpu.index,
      temperature: 31,
      powerUsage: 68,
    }));
    const message = {
      nodeId: this.#options.nodeId,
      timestamp: this.#now(),
      metrics: { cpuUsagePercent: 1.5, memoryUsagePercent: 2.1, gpuMetrics },
    };
    await this.#controlPlane.call('SendHeartbeat', message, signal);
  }

  async #health(signal: AbortSignal): Promise<undefined> {
    const results = ['boot', 'nvml', 'xid'].map((checkName) => ({
      checkName,
      status: 'HEALTH_STATUS_HEALTHY',
      message: 'ok',
      timestamp: this.#now(),
    }));
    await this.#controlPlane.call('ReportHealth', { nodeId: this.#options.nodeId, results }, signal);
  }

  async #commands(signal: AbortSignal): Promise<number | undefined> {
    const answer = await this.#controlPlane.call('GetNodeCommands', { nodeId: this.#options.nodeId }, signal);
    const commands = Array.isArray(answer['commands']) ? answer['commands'].map(asRecord) : [];
    for (const command of commands) {
      const type = typeof command['type'] === 'string' ? command['type'] : '';
      await this.#log('INFO', 'received command', { command_id: command['commandId'], type });
      if (type === 'NODE_COMMAND_TYPE_TERMINATE') return 0;
    }
    return undefined;
  }

  #call(method: string, message: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#controlPlane.call(method, message, this.#process.signal);
  }

  #now(): string {
    return new Date(this.#process.system.clock.now()).toISOString();
  }

  #log(level: string, msg: string, fields: object): Promise<void> {
    return this.#process.print(`${JSON.stringify({ time: this.#now(), level, msg, ...fields })}\n`);
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function seconds(value: unknown, fallbackMs: number): number {
  return typeof value === 'number' && value > 0 ? value * 1000 : fallbackMs;
}
