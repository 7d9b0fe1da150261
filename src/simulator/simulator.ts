import type { AddressInfo } from 'node:net';
import { AGENT_DOWNLOAD_PATH } from './agent-download.ts';
import { REGIONS } from './catalogue.ts';
import type { Clock } from './clock.ts';
import { controlsOver, type Controls } from './controls.ts';
import { describeSimulation } from './description.ts';
import { LambdaApi } from './lambda/api.ts';
import { catalogueEndpoints } from './lambda/catalogue-endpoints.ts';
import { imagesOf } from './lambda/images.ts';
import { instanceEndpoints } from './lambda/instance-endpoints.ts';
import { operationEndpoints } from './lambda/operation-endpoints.ts';
import { lambdaServer } from './lambda/server.ts';
import { sshKeyEndpoints } from './lambda/ssh-key-endpoints.ts';
import { watchForSilence } from './navarch/monitor.ts';
import { navarchServer } from './navarch/server.ts';
import type { SimulatorOptions } from './options.ts';
import { oraclesOver, type Oracles } from './oracles.ts';
import { holdPort } from './ports.ts';
import type { SimulatorRecord } from './record.ts';
import { buildWorld } from './world.ts';

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
  const host = options.host ?? '127.0.0.1';
  const held = options.sshPort === undefined ? await holdPort('127.0.0.1') : undefined;
  const sshPort = options.sshPort ?? held?.port ?? 0;
  const closing = new AbortController();
  const world = buildWorld(options, sshPort);
  const { seed, clock, types, recorder, faults, machines, cloud, plane } = world;

  const wire = options.wire ?? {};
  const api = { cloud, clock, types, regions: REGIONS, images: imagesOf(types, REGIONS), wire };
  const date = { aheadMs: 0 };
  const lambda = lambdaServer(
    new LambdaApi({ ...world, wire, closing: closing.signal }),
    [...instanceEndpoints(api), ...operationEndpoints(api), ...catalogueEndpoints(api), ...sshKeyEndpoints(api)],
    () => date.aheadMs,
  );

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
  world.log.info('simulator started', { seed, lambdaOrigin, navarchUrl, sshPort });
  const oracles = oraclesOver(recorder, () => clock.now());
  return {
    lambdaUrl: `${lambdaOrigin}/api/v1`,
    navarchUrl,
    agentDownloadUrl: `${lambdaOrigin}${AGENT_DOWNLOAD_PATH}`,
    apiKey: world.apiKey,
    sshPort,
    seed,
    clock,
    record: recorder,
    oracles,
    controls: controlsOver({ ...world, date, navarch: navarchState }),
    describe: () => describeSimulation(seed, recorder, oracles),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}
