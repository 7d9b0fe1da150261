import { randomInt } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Account } from './account.ts';
import { AddressBook } from './addresses.ts';
import { AGENT_DOWNLOAD_PATH } from './agent-download.ts';
import { DEFAULT_BOOT_MODEL } from './boot-model.ts';
import { Capacity } from './capacity.ts';
import { INSTANCE_TYPES, REGIONS, type InstanceTypeSpec } from './catalogue.ts';
import { RunningClock, type Clock } from './clock.ts';
import { Cloud } from './cloud.ts';
import { controlsOver, type Controls } from './controls.ts';
import { FaultEngine } from './faults/engine.ts';
import { LambdaApi } from './lambda/api.ts';
import { catalogueEndpoints } from './lambda/catalogue-endpoints.ts';
import { imagesOf } from './lambda/images.ts';
import { instanceEndpoints } from './lambda/instance-endpoints.ts';
import { operationEndpoints } from './lambda/operation-endpoints.ts';
import { lambdaServer } from './lambda/server.ts';
import { sshKeyEndpoints } from './lambda/ssh-key-endpoints.ts';
import { SILENT } from './log.ts';
import { MachineRoom } from './machine-room.ts';
import { createMachine } from './machines/create-machine.ts';
import { ControlPlane } from './navarch/control-plane.ts';
import { watchForSilence } from './navarch/monitor.ts';
import { navarchServer } from './navarch/server.ts';
import type { SimulatorOptions } from './options.ts';
import { oraclesOver, type Oracles } from './oracles.ts';
import { holdPort } from './ports.ts';
import { derivedSeed, seededRandom } from './random.ts';
import { Recorder, type SimulatorRecord } from './record.ts';
import { describeSimulation } from './description.ts';

const HEARTBEAT_INTERVAL_SECONDS = 30;
const HEALTH_CHECK_INTERVAL_SECONDS = 60;
/** Silence counts after so many missed heartbeats, unless told otherwise. */
const HEARTBEATS_MISSED = 4;

/** A running simulation. */
export interface Simulator extends AsyncDisposable {
  /** Base URL of the Lambda API: http://host:port/api/v1 */
  readonly lambdaUrl: string;
  /** Base URL of Navarch's control plane. */
  readonly navarchUrl: string;
  /** Base URL under which `navarch-node-linux-amd64` and `-arm64` lie. */
  readonly agentDownloadUrl: string;
  readonly apiKey: string;
  readonly sshPort: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly record: SimulatorRecord;
  readonly oracles: Oracles;
  readonly controls: Controls;
  /** One line on what happened: instances, requests, cost, and what is left alive. */
  describe(): string;
  /** Switches everything off. Idempotent. */
  close(): Promise<void>;
}

/** Starts a Lambda Cloud, its machines and a Navarch control plane, on loopback addresses of this host. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const seed = options.seed ?? randomInt(2 ** 32);
  const host = options.host ?? '127.0.0.1';
  const log = options.logger ?? SILENT;
  const limits = options.limits ?? {};
  const clock = new RunningClock({
    factor: options.clockFactor ?? 1,
    ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
  });
  const apiKey = options.apiKey ?? apiKeyFrom(seed);
  const closing = new AbortController();
  const held = options.sshPort === undefined ? await holdPort('127.0.0.1') : undefined;
  const sshPort = options.sshPort ?? held?.port ?? 0;

  const types = withTypes(options.types ?? []);

  const recorder = new Recorder(clock);
  const faults = new FaultEngine({ plan: options.faults ?? [], seed, clock });
  const capacity = new Capacity({
    model: options.capacity ?? { kind: 'plentiful' },
    hints: options.capacityHints ?? {},
    types,
    regions: REGIONS,
    clock,
    seed,
  });
  const machines = new MachineRoom({
    createMachine: options.createMachine ?? createMachine,
    clock,
    seed,
    sshPort,
    recorder,
    log,
  });
  const cloud = new Cloud({
    clock,
    seed,
    bootModel: { ...DEFAULT_BOOT_MODEL, ...options.bootModel },
    afterEnd: options.afterEnd ?? {},
    capacity,
    addresses: new AddressBook({ seed: derivedSeed(seed, 'addresses'), reuse: options.reuseAddresses ?? false }),
    faults,
    machines,
    recorder,
  });
  const account = new Account(
    {
      name: 'default',
      apiKeys: [apiKey],
      sshKeys: options.sshKeys ?? [],
      ...(options.quota === undefined ? {} : { quota: options.quota }),
    },
    { clock, limits },
  );
  const accounts = [account, ...(options.accounts ?? []).map((spec) => new Account(spec, { clock, limits }))];

  const wire = options.wire ?? {};
  const world = { cloud, clock, types, regions: REGIONS, images: imagesOf(types, REGIONS), wire };
  const lambda = lambdaServer(new LambdaApi({ accounts, limits, faults, recorder, wire, closing: closing.signal }), [
    ...instanceEndpoints(world),
    ...operationEndpoints(world),
    ...catalogueEndpoints(world),
    ...sshKeyEndpoints(world),
  ]);

  const plane = new ControlPlane({ clock, recorder });
  faults.whenNavarchRestarts(() => plane.forget());
  const navarchState = { isUp: true };
  const heartbeatIntervalSeconds = options.heartbeatIntervalSeconds ?? HEARTBEAT_INTERVAL_SECONDS;
  const navarch = navarchServer({
    plane,
    pace: { heartbeatIntervalSeconds, healthCheckIntervalSeconds: HEALTH_CHECK_INTERVAL_SECONDS },
    recorder,
    faults,
    token: options.navarchToken,
    isUp: () => navarchState.isUp,
  });
  const stopWatching = watchForSilence(plane, clock, {
    intervalMs: heartbeatIntervalSeconds * 1000,
    timeoutMs: options.heartbeatTimeoutMs ?? HEARTBEATS_MISSED * heartbeatIntervalSeconds * 1000,
  });

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing.abort(new Error('the simulator is closing'));
    stopWatching();
    await machines.close();
    await Promise.all([lambda.close(), navarch.close(), held?.release()]);
    clock.stop();
  };
  const closeOnce = (): Promise<void> => (closed ??= close());

  let navarchPort: number;
  try {
    await lambda.listen({ host, port: options.lambdaPort ?? 0 });
    navarchPort = await navarch.listen(host, options.navarchPort ?? 0);
  } catch (error) {
    await closeOnce();
    throw new Error(`the simulator cannot listen: ${(error as Error).message}`, { cause: error });
  }
  const lambdaOrigin = `http://${host}:${(lambda.server.address() as AddressInfo).port}`;
  const navarchUrl = `http://${host}:${navarchPort}`;
  log.info('simulator started', { seed, lambdaOrigin, navarchUrl, sshPort });
  const oracles = oraclesOver(recorder, () => clock.now());
  return {
    lambdaUrl: `${lambdaOrigin}/api/v1`,
    navarchUrl,
    agentDownloadUrl: `${lambdaOrigin}${AGENT_DOWNLOAD_PATH}`,
    apiKey,
    sshPort,
    seed,
    clock,
    record: recorder,
    oracles,
    controls: controlsOver({ account, capacity, clock, cloud, faults, machines, plane, navarch: navarchState }),
    describe: () => describeSimulation(seed, recorder, oracles),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

/** Of the form seen on real keys. */
function apiKeyFrom(seed: number): string {
  const random = seededRandom(seed, 'api key');
  return `secret_simulator_${random.hex(32)}.${random.hex(32)}`;
}

function withTypes(extra: readonly InstanceTypeSpec[]): readonly InstanceTypeSpec[] {
  const replaced = new Set(extra.map(({ name }) => name));
  return [...INSTANCE_TYPES.filter(({ name }) => !replaced.has(name)), ...extra];
}
