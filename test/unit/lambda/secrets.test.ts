import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { LambdaClient } from '../../../src/clients/lambda/index.ts';
import { redact } from '../../../src/clients/lambda/redact.ts';
import { failureOf } from './support/failure-of.ts';
import { answering, API_KEY, clientOf, sendText, startLambdaServer } from './support/lambda-server.ts';
import { INSTANCE_ID, LAUNCH, wireError, wireInstance } from './support/wire-values.ts';

const PLAIN_KEY = 'a-key-without-the-usual-beginning';
const jupyter = { jupyter_token: 'jt0ken', jupyter_url: 'https://jupyter.example/?token=jt0ken' };

/** All that a logger, however curious, could print of an error, its causes included. */
const allOf = (error: unknown) =>
  inspect(error, { depth: 50, showHidden: true, getters: true }) + JSON.stringify(error);

const list = (client: LambdaClient) => client.listInstances();
const launch = (client: LambdaClient) => client.launchInstance(LAUNCH);

test('the jupyter credentials of an instance go no further than the client', async () => {
  const one = await answering(200, { data: wireInstance(jupyter) });
  expect(allOf(await one.client.getInstance(INSTANCE_ID))).not.toMatch(/jt0ken|jupyter/);
  const many = await answering(200, { data: [wireInstance(jupyter)] });
  expect(allOf(await many.client.listInstances())).not.toMatch(/jt0ken|jupyter/);
  const ended = await answering(200, { data: { terminated_instances: [wireInstance(jupyter)] } });
  expect(allOf(await ended.client.terminateInstance(INSTANCE_ID))).not.toMatch(/jt0ken|jupyter/);
});

test('an unreadable answer is quoted without the jupyter credentials in it', async () => {
  const whole = JSON.stringify({ data: [wireInstance(jupyter)] });
  const cut = whole.replace(',"status"', `,"jupyter_url":"https:\\/\\/jupyter.example\\/?token=jt0ken","status"`);
  const server = await startLambdaServer((response) => sendText(response, 200, 'application/json', cut.slice(0, 150)));
  const error = await failureOf(list(clientOf(server)));
  expect(error.message).toContain(INSTANCE_ID);
  expect(allOf(error)).not.toContain('jt0ken');
  const missing = await answering(200, { data: [wireInstance({ ...jupyter, id: undefined })] });
  expect(allOf(await failureOf(list(missing.client)))).not.toContain('jt0ken');
});

test.each([API_KEY, PLAIN_KEY])('the API key is in no error, whatever goes wrong (%#)', async (apiKey) => {
  const echo = `Authorization: Bearer ${apiKey}`;
  const servers = await Promise.all([
    startLambdaServer((response) => sendText(response, 502, 'text/html', `<pre>${echo}</pre>`)),
    startLambdaServer((response) => sendText(response, 200, echo, echo)),
    startLambdaServer((response) => response.socket?.resetAndDestroy()),
    startLambdaServer(() => undefined),
    startLambdaServer((response) => response.writeHead(301, { location: `/?key=${apiKey}` }).end()),
    startLambdaServer((response) =>
      response
        .writeHead(401)
        .end(JSON.stringify(wireError(`x/${apiKey}`, echo, { suggestion: echo, request_id: echo }))),
    ),
  ]);
  for (const server of [...servers, { url: 'http://127.0.0.1:1' }, { url: `https://${'a'.repeat(64)}.invalid` }]) {
    const client = clientOf(server, { apiKey, timeoutMs: 50, launchTimeoutMs: 50 });
    expect(allOf(await failureOf(launch(client)))).not.toContain(apiKey);
    expect(allOf(await failureOf(list(client)))).not.toContain(apiKey);
  }
});

test('a client that is printed does not show its key', () => {
  expect(allOf(clientOf({ url: 'http://127.0.0.1:1' }))).not.toContain(API_KEY);
});

test('anything that looks like a key of Lambda is taken out, also if it is not ours', () => {
  expect(redact('key secret_other_abc.def, "secret_x" end', undefined)).toBe('key [redacted], "[redacted]" end');
});

test('a text is cut where a private key begins', () => {
  expect(redact('user_data: -----BEGIN OPENSSH PRIVATE KEY-----\nabc', undefined)).toBe(
    'user_data: [redacted from here]',
  );
});
