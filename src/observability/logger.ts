import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Logger as TemporalLogger, LogLevel, LogMetadata } from '@temporalio/common';

/** What is never written, whatever field it comes in. */
const REDACTED = [
  'apiKey',
  'authToken',
  'privateKey',
  'authorization',
  'token',
  '*.apiKey',
  '*.authToken',
  '*.privateKey',
  '*.authorization',
];

export type { Logger };

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Further fields that are not written, as paths: `reason`, `err`, `*.address`. */
  readonly redact?: readonly string[];
}

/**
 * Structured logs, one JSON object a line (or coloured text for people), on stderr unless told otherwise: stdout belongs to the program's own
 * answers.
 */
export function createLogger(options: LogOptions, destination?: DestinationStream): Logger {
  const settings = {
    level: options.level,
    redact: { paths: [...REDACTED, ...(options.redact ?? [])], censor: '[redacted]' },
    formatters: { level: (label: string) => ({ level: label }) },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (options.format === 'pretty')
    return pino(settings, pretty({ destination: destination ?? 2, sync: true, translateTime: 'HH:MM:ss' }));
  return pino(settings, destination ?? pino.destination({ fd: 2, sync: true }));
}

/** The SDK's log lines, those of workflows and activities included, with their ids as fields. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    // The two Lambda queues carry activities only, on purpose.
    const expected = message.startsWith('No workflows registered');
    const method = expected ? 'debug' : (level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error');
    const { error, ...fields } = meta as LogMetadata & { error?: unknown };
    const { sdkComponent, ...rest } = fields as Record<string, unknown>;
    const node = nodeOf(rest['workflowId']);
    logger[method](
      { ...node, ...rest, component: sdkComponent, ...(error === undefined ? {} : { err: error }) },
      message,
    );
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

/** Whose line it is: the workflows that a node has are named after it. */
function nodeOf(workflowId: unknown): { readonly node?: string } {
  const [, node] =
    /^(?:provision-node|node|terminate-node)\/(.+)$/.exec(typeof workflowId === 'string' ? workflowId : '') ?? [];
  return node === undefined ? {} : { node };
}
