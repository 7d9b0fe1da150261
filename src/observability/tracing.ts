import { readFileSync } from 'node:fs';
import type { IdGenerator } from '@opentelemetry/sdk-trace-base';
import type { Link, SpanContext } from '@opentelemetry/api';
import { ApplicationFailure } from '@temporalio/common';
import type { InjectedSinks, WorkerOptions } from '@temporalio/worker';
import type { SpanSinks } from '../workflows/metrics.ts';

// OpenTelemetry, for a worker that is told where to send. Its packages are loaded here and then only.
//
// A workflow's run is a trace, and its id is the run's own, without the dashes: whichever worker carries out a step knows it, so nothing has to
// be handed on through the workflow. The interceptors that Temporal has for this (@temporalio/interceptors-opentelemetry 1.24) cannot be used:
// they yield where workflows without them do not, so that histories replay only with what they were made with (TMPRL1100, P11), and their ids
// of spans are drawn from the same random numbers as our launch tokens: to turn tracing on in the middle of a launch would change its token (P2).

/** What a worker needs to trace, and how it ends. */
export interface Tracing {
  readonly workerOptions: {
    readonly interceptors: Pick<NonNullable<WorkerOptions['interceptors']>, 'activity'>;
    readonly sinks: InjectedSinks<SpanSinks>;
  };
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** An exporter that cannot reach its collector must not hold up the end of a worker. */
const LAST_SPANS_MS = 5_000;

export async function startTracing(): Promise<Tracing> {
  const [api, { AsyncLocalStorageContextManager }, { OTLPTraceExporter }, resources, sdk] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
  ]);
  const { SpanKind, SpanStatusCode, TraceFlags, trace } = api;
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const resource = new resources.Resource({ 'service.name': 'navarch-provisioner', 'service.version': version }).merge(
    resources.detectResourcesSync({ detectors: [resources.envDetectorSync] }),
  );
  const idGenerator = new RunIds(new sdk.RandomIdGenerator());
  // Endpoint, headers and limits are read from OTEL_… by these themselves.
  const spanProcessors = [new sdk.BatchSpanProcessor(new OTLPTraceExporter())];
  const provider = new sdk.BasicTracerProvider({ resource, spanProcessors, idGenerator });
  provider.register({ contextManager: new AsyncLocalStorageContextManager() });
  const tracer = provider.getTracer('navarch-provisioner', version);

  const contextOf = (runId: string): SpanContext => ({
    ...idsOf(runId),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
  const within = (runId: string) => trace.setSpanContext(api.ROOT_CONTEXT, contextOf(runId));
  return {
    workerOptions: {
      interceptors: {
        activity: [
          ({ info }) => ({
            inbound: {
              execute: async (input, next) => {
                const { workflowExecution, workflowType, activityType, activityId, attempt } = info;
                const run = workflowExecution === undefined ? api.context.active() : within(workflowExecution.runId);
                const attributes = { ...workflowExecution, workflowType, activityId, attempt };
                const span = tracer.startSpan(activityType, { kind: SpanKind.CONSUMER, attributes }, run);
                try {
                  return await api.context.with(trace.setSpan(run, span), () => next(input));
                } catch (error) {
                  // Its type alone: the message, which may name much, stands in the history and in the log.
                  span.setStatus({ code: SpanStatusCode.ERROR, message: typeOf(error) });
                  throw error;
                } finally {
                  span.end();
                }
              },
            },
          }),
        ],
      },
      sinks: {
        spans: {
          phase: {
            fn: ({ workflowId, runId, workflowType }, phase, from, to) => {
              const attributes = { workflowId, runId, workflowType };
              tracer.startSpan(`phase ${phase}`, { startTime: from, attributes }, within(runId)).end(to);
            },
          },
          run: {
            fn: ({ workflowId, runId, workflowType, runStartTime, taskQueue, namespace, parent }, outcome, to) => {
              const attributes = { workflowId, runId, workflowType, taskQueue, namespace, outcome };
              const links: Link[] = parent === undefined ? [] : [{ context: contextOf(parent.runId) }];
              idGenerator.next = idsOf(runId);
              tracer.startSpan(workflowType, { root: true, startTime: runStartTime, attributes, links }).end(to);
            },
          },
        },
      },
    },
    stop: async () => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_SPANS_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      for (const global of [trace, api.context, api.propagation]) global.disable();
    },
  };
}

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

/** Of the span that is a whole run. */
function idsOf(runId: string): Ids {
  const digits = runId.replaceAll('-', '');
  return { traceId: digits, spanId: digits.slice(-16) };
}

/** Random ones, but for the span that is begun next, where they were given. */
class RunIds implements IdGenerator {
  next: Ids | undefined;
  readonly #random: IdGenerator;

  constructor(random: IdGenerator) {
    this.#random = random;
  }

  readonly generateSpanId = (): string => this.next?.spanId ?? this.#random.generateSpanId();

  /** Asked for last, of a span that has no parent. */
  readonly generateTraceId = (): string => {
    const traceId = this.next?.traceId ?? this.#random.generateTraceId();
    this.next = undefined;
    return traceId;
  };
}

function typeOf(error: unknown): string {
  if (error instanceof ApplicationFailure && typeof error.type === 'string') return error.type;
  return error instanceof Error ? error.name : 'Error';
}
