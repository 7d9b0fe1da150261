import { expect } from 'vitest';
import { absentMachine, startSimulator, type Simulator, type SimulatorOptions } from '../../../src/simulator/index.ts';

export const SSH_KEY = {
  name: 'ci',
  publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAsTtDUEDOStwzVmBBJ+5UeXwBGJr1VTVZCQ1SG ci',
};

/** A simulator whose clock only moves by hand, without limits and without machines, unless told otherwise. */
export function startWorld(options: SimulatorOptions = {}): Promise<Simulator> {
  return startSimulator({
    seed: 7,
    clockFactor: 0,
    startAt: Date.UTC(2026, 9, 10),
    limits: 'off',
    sshKeys: [SSH_KEY],
    createMachine: absentMachine,
    ...options,
  });
}

/** One JSON answer of the API, as it came. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Json | undefined;
}

/** Loosely typed on purpose: these tests look at the wire. */
export interface Json {
  readonly [key: string]: Json;
}

export interface RawRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly apiKey?: string;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

/** One request with nothing but fetch. `path` is below /api/v1. */
export async function raw(simulator: Simulator, path: string, request: RawRequest = {}): Promise<Answered> {
  const response = await fetch(`${simulator.lambdaUrl}${path}`, {
    method: request.method ?? (request.body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    headers: {
      authorization: `Bearer ${request.apiKey ?? simulator.apiKey}`,
      'user-agent': 'contract-test/1',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(request.body === undefined
      ? {}
      : { body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

export const A_LAUNCH = {
  region_name: 'us-east-1',
  instance_type_name: 'gpu_1x_a10',
  ssh_key_names: [SSH_KEY.name],
  name: 'node-a-token',
};

export function launch(simulator: Simulator, changes: Readonly<Record<string, unknown>> = {}): Promise<Answered> {
  return raw(simulator, '/instance-operations/launch', { body: { ...A_LAUNCH, ...changes } });
}

/** Launches and gives the instance's id. */
export async function launched(simulator: Simulator, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { json, text } = await launch(simulator, changes);
  const id: unknown = json?.['data']?.['instance_ids']?.[0];
  if (typeof id !== 'string') throw new Error(`not launched: ${text}`);
  return id;
}

/** Sends a request and gives up on it as soon as the API has it. */
export async function abandoned(simulator: Simulator, path: string, request: RawRequest): Promise<void> {
  const giveUp = new AbortController();
  const before = simulator.record.requests.length;
  const broken = expect(raw(simulator, path, { ...request, signal: giveUp.signal })).rejects.toThrow('abort');
  await expect.poll(() => simulator.record.requests.length).toBe(before + 1);
  giveUp.abort();
  await broken;
}

export function terminate(simulator: Simulator, ...ids: readonly string[]): Promise<Answered> {
  return raw(simulator, '/instance-operations/terminate', { body: { instance_ids: ids } });
}

export function codeOf({ json }: Answered): unknown {
  return json?.['error']?.['code'];
}

export async function get(simulator: Simulator, id: string): Promise<Json | undefined> {
  return (await raw(simulator, `/instances/${id}`)).json?.['data'];
}

export async function list(simulator: Simulator): Promise<readonly Json[]> {
  return ((await raw(simulator, '/instances')).json?.['data'] ?? []) as unknown as readonly Json[];
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
