import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { createLogger, temporalLogger, type LogOptions } from '../../../src/observability/logger.ts';

type Line = Readonly<Record<string, unknown>>;

/** What is written while it runs. */
function written(
  options: Partial<LogOptions>,
  run: (logger: ReturnType<typeof createLogger>) => void,
): readonly Line[] {
  const lines: string[] = [];
  run(createLogger({ level: 'info', format: 'json', ...options }, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Line);
}

const ENOUGH = {
  LAMBDA_API_KEY: 'k',
  NAVARCH_SSH_PRIVATE_KEY: 'k',
  NAVARCH_CONTROL_PLANE_URL: 'https://navarch.example.com',
};

test('fields that hold secrets are blackened, and those that the configuration names, at any depth it names', () => {
  const { log } = readConfig({ ...ENOUGH, NAVARCH_LOG_REDACT: 'reason, err,*.address' });
  const [line] = written(log, (logger) =>
    logger.info(
      {
        apiKey: 's1',
        config: { authToken: 's2' },
        reason: 's3',
        err: new Error('s4'),
        host: { address: 's5', port: 22 },
      },
      'what happened',
    ),
  );
  expect(JSON.stringify(line)).not.toMatch(/s\d/);
  expect(line).toMatchObject({
    reason: '[redacted]',
    err: '[redacted]',
    msg: 'what happened',
    host: { port: 22, address: '[redacted]' },
  });
});

test.each(['a b', 'a..b', '.a', 'a.', '', 'reason,,x', 'a[0]', '1a'])(
  'NAVARCH_LOG_REDACT=%j is refused, or is not set',
  (value) => {
    const read = (): unknown => readConfig({ ...ENOUGH, NAVARCH_LOG_REDACT: value }).log.redact;
    if (value === '') expect(read()).toBeUndefined();
    else expect(read).toThrow(/^configuration: NAVARCH_LOG_REDACT: must be names of fields/);
  },
);

test('a level lets through what is as grave, or graver', () => {
  const lines = written({ level: 'warn' }, (logger) => {
    const temporal = temporalLogger(logger);
    temporal.info('quiet');
    temporal.warn('heard');
  });
  expect(lines).toMatchObject([{ level: 'warn', msg: 'heard' }]);
});

test.each([
  ['provision-node/trainer-1', { node: 'trainer-1' }],
  ['node/trainer-1', { node: 'trainer-1' }],
  ['terminate-node/trainer-1', { node: 'trainer-1' }],
  ['account/default', {}],
  ['sweep-orphans/default-2026-11-29T04:00:00Z', {}],
])('a line of the workflow %s is of %o', (workflowId, node) => {
  const [line] = written({}, (logger) => {
    temporalLogger(logger).info('x', { workflowId, runId: 'r', sdkComponent: 'workflow' });
  });
  expect(line).toEqual({
    time: line?.['time'],
    level: 'info',
    msg: 'x',
    workflowId,
    runId: 'r',
    component: 'workflow',
    ...node,
  });
});

test('an error comes with its causes', () => {
  const error = new Error('outer', { cause: new Error('inner') });
  const [line] = written({}, (logger) => {
    temporalLogger(logger).error('failed', { error });
  });
  expect(line).toMatchObject({ err: { message: expect.stringContaining('inner') as unknown, type: 'Error' } });
});
