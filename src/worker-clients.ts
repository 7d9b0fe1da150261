import type { Broker } from './activities/broker.ts';
import { checkBeforeSending } from './activities/launch.ts';
import { Pacer } from './activities/pacer.ts';
import { LambdaClient, type LambdaExchange, type LambdaRequestKind } from './clients/lambda/index.ts';
import { NavarchClient } from './clients/navarch/index.ts';
import type { WorkerConfig } from './config.ts';
import { pauseSignal } from './contract/account-broker.ts';
import type { Recorder } from './domain/metrics.ts';
import { measuringLambda } from './observability/metrics.ts';

/** 429 without Retry-After. */
const RATE_LIMITED_PAUSE_MS = 10_000;

/** The worker's ways to Lambda, paced and measured, and to Navarch. */
export function clientsOf(
  config: WorkerConfig,
  broker: Broker,
  record: Recorder,
): { readonly lambda: LambdaClient; readonly navarch: NavarchClient } {
  const { lambda, navarch } = config;
  const pacer = new Pacer(lambda);
  record('requestInterval', lambda.requestIntervalMs / 1_000);
  record('launchInterval', lambda.launchIntervalMs / 1_000);
  const pacing = {
    beforeRequest: async (kind: LambdaRequestKind, signal?: AbortSignal): Promise<void> => {
      await pacer.turn(kind === 'launchInstance', signal);
      checkBeforeSending();
    },
    afterResponse: ({ errorType, retryAfterMs }: LambdaExchange): void => {
      if (errorType !== 'rate_limited') return;
      const forMs = retryAfterMs ?? RATE_LIMITED_PAUSE_MS;
      pacer.pause(forMs);
      // The other workers hear of it by the broker, whose looks and grants are most of what they send.
      broker.tell(pauseSignal, { forMs }).catch(() => undefined);
    },
  };
  return {
    lambda: new LambdaClient({
      apiKey: lambda.apiKey,
      baseUrl: lambda.baseUrl,
      timeoutMs: lambda.timeoutMs,
      ...measuringLambda(pacing, record),
    }),
    navarch: new NavarchClient({
      baseUrl: navarch.controlPlaneUrl,
      ...(navarch.authToken === undefined ? {} : { authToken: navarch.authToken }),
    }),
  };
}
