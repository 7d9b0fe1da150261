import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto'; // CommonJS, whose names Node cannot see
import type { TiedProcess } from './tied-process.ts';

const LOOK_AGAIN_MS = 25;
const ONE_LOOK_MS = 2_000;
const { SERVING } = proto.grpc.health.v1.HealthCheckResponse.ServingStatus;

/**
 * Waits until a server that was just started answers gRPC health checks.
 * @returns why it did not (it ended, or the time was up); undefined when it serves.
 */
export async function untilServing(
  server: TiedProcess,
  host: string,
  port: number,
  deadlineMs: number,
): Promise<string | undefined> {
  const started = performance.now();
  let last = 'nothing listens';
  while (performance.now() - started < deadlineMs) {
    if (server.hasEnded()) return 'it ended by itself';
    // First by TCP: a gRPC channel that once failed to connect waits a second before it tries again.
    if (await listens(host, port)) {
      const problem = await askHealth(`${host}:${port}`);
      if (problem === undefined) return undefined;
      last = problem;
    }
    await sleep(LOOK_AGAIN_MS);
  }
  return `it was not ready after ${deadlineMs / 1000} s (${last})`;
}

/** Whether anything accepts TCP connections there. */
export function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ONE_LOOK_MS });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

/** The problem, if it does not serve. */
async function askHealth(address: string): Promise<string | undefined> {
  const connection = Connection.lazy({ address, interceptors: [] });
  try {
    const { status } = await connection.withDeadline(Date.now() + ONE_LOOK_MS, () =>
      connection.healthService.check({}),
    );
    return status === SERVING ? undefined : `health status ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection.close();
  }
}
