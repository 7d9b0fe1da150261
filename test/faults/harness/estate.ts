import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, inject } from 'vitest';
import { publicKeyOf } from '../../../src/clients/ssh/index.ts';
import { readConfig } from '../../../src/config.ts';
import { ownedTokens } from '../../../src/contract/memo.ts';
import type { Node } from '../../../src/contract/provision-node.ts';
import type { Ledger, SweepResult } from '../../../src/contract/sweep.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { keepNodeId, terminateNodeId } from '../../../src/contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS } from '../../../src/domain/deadlines.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import { startWorker, type RunningWorker } from '../../../src/worker.ts';
import { endingOf, startProvision } from '../../support/provisions.ts';
import { environmentOf, newSite, scaledLooks, startCloud, type Site } from './settings.ts';
import { scaled } from './scale.ts';
import { quietRuntime } from './slot.ts';
import { running } from './temporal.ts';
import { workerOptions } from './worker-options.ts';

/** In real milliseconds, from one sweep's end to the next one. */
const SWEEP_PAUSE_MS = scaled(SWEEP_INTERVAL_MS) + 50;

const NO_ANSWER = ['provider_unavailable', 'rate_limited'];

/** The key of another account, which sees none of our instances. */
const OTHER_KEY = 'another-account';

export interface CloudSite {
  readonly site: Site;
  readonly simulator: Simulator;
  /** Simulated time at its start. */
  readonly startedAt: number;
}

/** A cloud with two accounts: ours, and one that a wrong key would show. */
export async function openCloud(account: string, seed: number): Promise<CloudSite> {
  const site = await newSite(account);
  const publicKey = publicKeyOf(site.privateKey).openSsh;
  const other = { name: 'other', apiKeys: [OTHER_KEY], sshKeys: [{ name: 'provisioner', publicKey }] };
  const simulator = await startCloud(site, seed, [], { accounts: [other] });
  return { site, simulator, startedAt: simulator.clock.now() };
}

/** One Temporal server's view of a cloud: its worker, its nodes, its sweeps. */
export class Estate {
  readonly client: Client;
  readonly simulator: Simulator;
  readonly taskQueue: string;
  /** Simulated time at the cloud's start. */
  readonly startedAt: number;
  readonly #ourKey: string;
  readonly #keyFile: string;
  readonly #start: (bundle?: string) => Promise<RunningWorker>;
  readonly #workers: RunningWorker[] = [];
  #ledger: Ledger | undefined;

  private constructor(
    client: Client,
    { site, simulator, startedAt }: CloudSite,
    { keyFile, ourKey }: { readonly keyFile: string; readonly ourKey: string },
    start: (bundle?: string) => Promise<RunningWorker>,
  ) {
    this.client = client;
    this.simulator = simulator;
    this.taskQueue = mainTaskQueue(site.account);
    this.startedAt = startedAt;
    this.#ourKey = ourKey;
    this.#keyFile = keyFile;
    this.#start = start;
  }

  static async open(cloud: CloudSite, temporalAddress: string, workflowBundlePath: string): Promise<Estate> {
    quietRuntime();
    const folder = await mkdtemp(join(tmpdir(), 'navarch-estate-'));
    const keyFile = join(folder, 'lambda-api-key');
    const { LAMBDA_API_KEY: ourKey = '', ...environment } = environmentOf(cloud.site);
    const start = (bundle = workflowBundlePath): Promise<RunningWorker> =>
      startWorker({
        config: readConfig({ ...environment, LAMBDA_API_KEY_FILE: keyFile }),
        temporal: { connection: { address: temporalAddress }, namespace: 'default' },
        logger: createLogger({ level: 'fatal', format: 'json' }),
        looks: scaledLooks(),
        workflowBundlePath: bundle,
        workerOptions: workerOptions(),
      });
    const client = new Client({ connection: await Connection.connect({ address: temporalAddress }) });
    const estate = new Estate(client, cloud, { keyFile, ourKey }, start);
    await estate.useKey('ours');
    await estate.startWorker();
    return estate;
  }

  /** Another one beside those that run; from another bundle, if given. */
  async startWorker(bundle?: string): Promise<RunningWorker> {
    const worker = await this.#start(bundle);
    this.#workers.push(worker);
    return worker;
  }

  /** A new one takes over, and the others are asked to stop, as by SIGTERM. */
  async replaceWorker(): Promise<void> {
    const old = this.#workers.splice(0);
    await this.startWorker();
    await Promise.all(old.map((worker) => worker.stop()));
  }

  /** Exchanges the worker's key file, as somebody may who mistakes one account for another. */
  async useKey(whose: 'ours' | 'other'): Promise<void> {
    await writeFile(this.#keyFile, whose === 'ours' ? this.#ourKey : OTHER_KEY);
  }

  async provision(name: string): Promise<Node> {
    return (await startProvision(this.client, this.taskQueue, { name })).result();
  }

  /** One sweep with the ledger of the one before, as the Schedule does it. */
  async sweep(request: Readonly<Record<string, unknown>> = {}): Promise<SweepResult> {
    const result = await this.client.workflow.execute<(request: unknown) => Promise<SweepResult>>('sweepOrphans', {
      workflowId: `sweep-by-test/${randomUUID()}`,
      taskQueue: this.taskQueue,
      args: [{ ledger: this.#ledger ?? { instances: {} }, ...request }],
    });
    this.#ledger = result.ledger;
    return result;
  }

  /** So many sweeps, each as long after the other as the Schedule's. */
  async sweeps(count: number, request: Readonly<Record<string, unknown>> = {}): Promise<readonly SweepResult[]> {
    const results: SweepResult[] = [];
    while (results.length < count)
      results.push(await this.#nextSweep(results.length === 0 ? 0 : SWEEP_PAUSE_MS, request));
    return results;
  }

  /** A sweep that got no answer in all its time, or 429s only, has failed, and the Schedule's next one follows: of several in a row, one comes through. */
  async #nextSweep(afterMs: number, request: Readonly<Record<string, unknown>>, mayFail = 3): Promise<SweepResult> {
    await pause(afterMs);
    const sweep = this.sweep(request);
    const { type } = await endingOf(sweep);
    return mayFail > 0 && NO_ANSWER.includes(type) ? this.#nextSweep(SWEEP_PAUSE_MS, request, mayFail - 1) : sweep;
  }

  async terminate(name: string): Promise<unknown> {
    return this.execute('terminateNode', { name }, terminateNodeId(name));
  }

  execute(type: string, request: unknown, workflowId = `${type}/${randomUUID()}`): Promise<unknown> {
    return this.client.workflow.execute<(request: unknown) => Promise<unknown>>(type, {
      workflowId,
      taskQueue: this.taskQueue,
      args: [request],
    });
  }

  /** Nobody has asked to end it, it lives, and its keeper runs and lists it. */
  async expectKept(node: Node): Promise<void> {
    const { oracles, record } = this.simulator;
    expect(oracles.terminationsOf(node.instanceId)).toEqual([]);
    expect(record.instances.find(({ id }) => id === node.instanceId)?.endedAt).toBeUndefined();
    const keeper = await running(this.client, keepNodeId(node.name));
    expect(ownedTokens(keeper?.memo)).toEqual([node.launchToken]);
  }

  /** Leaves the cloud as it is. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.stop()));
    await this.client.connection.close();
    await rm(dirname(this.#keyFile), { recursive: true, force: true });
  }
}

/** A cloud and an estate on the project's Temporal server, for one story. */
export async function onEstate(account: string, seed: number, story: (estate: Estate) => Promise<void>): Promise<void> {
  const cloud = await openCloud(`${account}-${process.pid}`, seed);
  try {
    const estate = await Estate.open(cloud, inject('temporalAddress'), inject('workflowBundlePath'));
    await story(estate).finally(() => estate.close());
  } finally {
    await cloud.simulator.close();
  }
}

/** Real time has to pass: a sweep, or a disturbance, is due after so long. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
