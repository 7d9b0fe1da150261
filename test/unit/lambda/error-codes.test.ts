import { expect, test } from 'vitest';
import type { LambdaClient } from '../../../src/clients/lambda/index.ts';
import { failureOf } from './support/failure-of.ts';
import { answering, clientOf, sendText, startLambdaServer } from './support/lambda-server.ts';
import { INSTANCE_ID, LAUNCH, wireError } from './support/wire-values.ts';

const launch = (client: LambdaClient) => client.launchInstance(LAUNCH);
const terminate = (client: LambdaClient) => client.terminateInstance(INSTANCE_ID);
const get = (client: LambdaClient) => client.getInstance(INSTANCE_ID);

test.each([
  [400, 'instance-operations/launch/insufficient-capacity', 'capacity_unavailable', 'LambdaCapacityError', 'refused'],
  [
    400,
    'instance-operations/launch/file-system-in-wrong-region',
    'invalid_request',
    'LambdaInvalidRequestError',
    'refused',
  ],
  [400, 'global/invalid-parameters', 'invalid_request', 'LambdaInvalidRequestError', 'refused'],
  [404, 'global/object-does-not-exist', 'invalid_request', 'LambdaInvalidRequestError', 'refused'],
  [400, 'global/object-does-not-exist', 'invalid_request', 'LambdaInvalidRequestError', 'refused'],
  [400, 'global/quota-exceeded', 'quota_exceeded', 'LambdaQuotaError', 'refused'],
  [401, 'global/invalid-api-key', 'unauthorized', 'LambdaUnauthorizedError', 'refused'],
  [403, 'global/account-inactive', 'unauthorized', 'LambdaUnauthorizedError', 'refused'],
  [403, 'global/forbidden', 'unauthorized', 'LambdaUnauthorizedError', 'refused'],
  [403, 'global/invalid-address', 'unauthorized', 'LambdaUnauthorizedError', 'refused'],
  [429, 'global/rate-limited', 'rate_limited', 'LambdaRateLimitError', 'refused'],
  [429, 'global/internal-error', 'rate_limited', 'LambdaRateLimitError', 'refused'],
  // From here on nothing is proven.
  [409, 'global/internal-error', 'provider_unavailable', 'LambdaUnavailableError', 'unknown'],
  [500, 'global/internal-error', 'provider_unavailable', 'LambdaUnavailableError', 'unknown'],
  [500, 'global/invalid-parameters', 'invalid_request', 'LambdaInvalidRequestError', 'unknown'],
  [400, 'provider/internal-unavailable', 'provider_unavailable', 'LambdaUnavailableError', 'unknown'],
  [409, 'global/conflict', 'conflict', 'LambdaConflictError', 'unknown'],
  [400, 'global/unknown', 'provider_unavailable', 'LambdaUnavailableError', 'unknown'],
  [404, 'global/not-found', 'invalid_request', 'LambdaInvalidRequestError', 'unknown'],
  [400, 'instance-operations/launch/a-new-reason', 'invalid_request', 'LambdaInvalidRequestError', 'unknown'],
  [400, 'constructor', 'invalid_request', 'LambdaInvalidRequestError', 'unknown'],
  [403, 'global/a-new-reason', 'unauthorized', 'LambdaUnauthorizedError', 'unknown'],
  [409, 'global/a-new-reason', 'conflict', 'LambdaConflictError', 'unknown'],
  [503, 'global/a-new-reason', 'provider_unavailable', 'LambdaUnavailableError', 'unknown'],
])('a launch answered %d %s is %s (%s), its outcome %s', async (status, code, type, name, outcome) => {
  const { client, server } = await answering(status, wireError(code, 'Not this time.'));
  const error = await failureOf(launch(client));
  expect(error).toMatchObject({ type, name, outcome, code, status });
  expect(error.message).toBe(`lambda API error: Not this time. (code: ${code})`);
  expect(server.requests, 'nothing is tried again here').toHaveLength(1);
});

test.each([
  ['get', get],
  ['terminate', terminate],
])('an unknown instance on %s is instance_not_found, and a malformed id is not', async (_what, call) => {
  const unknown = await answering(404, wireError('global/object-does-not-exist', 'Specified instance does not exist.'));
  expect(await failureOf(call(unknown.client))).toMatchObject({ type: 'instance_not_found', outcome: 'refused' });
  const malformed = await answering(400, wireError('global/invalid-parameters'));
  expect(await failureOf(call(malformed.client))).toMatchObject({ type: 'invalid_request' });
});

test('a path that Lambda does not know is not an instance that has gone', async () => {
  const { client } = await answering(404, wireError('global/not-found', 'The requested resource was not found.'));
  expect(await failureOf(get(client))).toMatchObject({ type: 'invalid_request', code: 'global/not-found' });
});

test('advice, request id and the wait asked for are kept', async () => {
  const more = { suggestion: 'Try again later.', request_id: 'req-1' };
  const { client } = await answering(
    429,
    wireError('global/rate-limited', 'Slow down.', more),
    {},
    { 'retry-after': '7' },
  );
  expect(await failureOf(launch(client))).toMatchObject({
    suggestion: 'Try again later.',
    requestId: 'req-1',
    retryAfterMs: 7000,
    endpoint: 'POST /instance-operations/launch',
  });
});

test('the oldest form of the envelope, with nulls and field errors, is understood', async () => {
  const body = {
    ...wireError('global/invalid-parameters', 'Invalid request data.', { suggestion: null }),
    field_errors: { name: { code: 'x', message: 'y' } },
  };
  const { client } = await answering(400, body);
  expect(await failureOf(launch(client))).toMatchObject({ type: 'invalid_request', suggestion: undefined });
});

test('an envelope without a message still makes a sentence', async () => {
  const { client } = await answering(400, { error: { code: 'global/quota-exceeded' } });
  expect((await failureOf(launch(client))).message).toBe(
    'lambda API error: POST /instance-operations/launch answered 400 without a message (code: global/quota-exceeded)',
  );
});

test.each([
  [403, 'text/plain', 'error code: 1010', 'provider_unavailable', 'unknown'],
  [429, 'text/plain', 'error code: 1015', 'rate_limited', 'refused'],
  [429, 'text/plain', '', 'rate_limited', 'refused'],
  [401, 'text/html', '<html>Sign in</html>', 'unauthorized', 'unknown'],
  [404, 'text/html', '<html>Not found</html>', 'unreadable_response', 'unknown'],
  [400, 'text/html', '<html>Bad request</html>', 'unreadable_response', 'unknown'],
  [408, 'text/html', '<html>Timeout</html>', 'provider_unavailable', 'unknown'],
  [502, 'text/html', '<html>Bad gateway</html>', 'provider_unavailable', 'unknown'],
  [503, 'application/json', '{"status":"down"}', 'provider_unavailable', 'unknown'],
  [200, 'text/html', '<html>Welcome</html>', 'unreadable_response', 'unknown'],
  [204, 'text/plain', '', 'unreadable_response', 'unknown'],
])(
  'a launch answered %d with %s %j, without envelope, is %s, its outcome %s',
  async (status, contentType, body, type, outcome) => {
    const server = await startLambdaServer((response) => sendText(response, status, contentType, body));
    const error = await failureOf(launch(clientOf(server)));
    expect(error).toMatchObject({ type, outcome, status, code: undefined });
    expect(error.message).toContain(`POST /instance-operations/launch answered ${status} with `);
    expect(error.message).toMatch(new RegExp(`\\(code: http-${status}\\)$`));
  },
);

test('an answer that is not JSON is quoted, as far as it helps', async () => {
  const server = await startLambdaServer((response) =>
    sendText(response, 403, 'text/plain; charset=UTF-8', 'error code: 1010'),
  );
  expect((await failureOf(clientOf(server).listInstances())).message).toBe(
    'lambda API error: GET /instances answered 403 with text/plain, not JSON: "error code: 1010" (code: http-403)',
  );
  const long = await startLambdaServer((response) =>
    sendText(response, 502, 'text/html', `<p>\n${'long '.repeat(1000)}`),
  );
  expect((await failureOf(clientOf(long).listInstances())).message.length).toBeLessThan(300);
});
