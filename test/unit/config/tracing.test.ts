import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config.ts';

const ENOUGH = {
  LAMBDA_API_KEY: 'k',
  NAVARCH_SSH_PRIVATE_KEY: 'k',
  NAVARCH_CONTROL_PLANE_URL: 'https://navarch.example.com',
};
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example.com:4318' };

test.each([
  [{}, false],
  [ENDPOINT, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example.com/v1/traces' }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, false],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=b', OTEL_SERVICE_NAME: 'x' }, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }, false],
  [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, false],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, true],
])('with %o traces are sent: %s', (variables, isSent) => {
  expect(readConfig({ ...ENOUGH, ...variables }).tracing).toBe(isSent);
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }, 'OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL'],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'nowhere' },
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be an http or https URL',
  ],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/json'],
])('%o would send nothing, and is said', (variables, problem) => {
  expect(() => readConfig({ ...ENOUGH, ...variables })).toThrow(problem);
});

test('what is wrong with a collector is no matter while nothing is sent', () => {
  expect(
    readConfig({ ...ENOUGH, ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_SDK_DISABLED: 'true' }),
  ).toMatchObject({
    tracing: false,
  });
});
