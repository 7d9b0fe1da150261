import { expect, test } from 'vitest';
import { TerminateNotEchoedError } from '../../../src/clients/lambda/index.ts';
import { failureOf } from './support/failure-of.ts';
import { answering } from './support/lambda-server.ts';
import { INSTANCE_ID, OTHER_INSTANCE_ID, wireInstance } from './support/wire-values.ts';

test('a terminate names one instance and returns it as it is now', async () => {
  const { client, server } = await answering(200, {
    data: { terminated_instances: [wireInstance({ id: 'x' }), wireInstance({ status: 'terminating' })] },
  });
  expect(await client.terminateInstance(INSTANCE_ID)).toMatchObject({ id: INSTANCE_ID, status: 'terminating' });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({
    method: 'POST',
    path: '/api/v1/instance-operations/terminate',
    body: `{"instance_ids":["${INSTANCE_ID}"]}`,
  });
});

test.each([[[]], [[wireInstance({ id: OTHER_INSTANCE_ID })]]])(
  'a terminate answered without our instance is not believed (%#)',
  async (terminated_instances) => {
    const { client } = await answering(200, { data: { terminated_instances } });
    const error = await failureOf(client.terminateInstance(INSTANCE_ID));
    expect(error).toBeInstanceOf(TerminateNotEchoedError);
    expect(error).toMatchObject({ type: 'terminate_not_echoed', outcome: 'unknown', status: 200 });
    expect(error.message).toContain(INSTANCE_ID);
  },
);

test('a terminate without an id is not sent', async () => {
  const { client, server } = await answering(200, { data: { terminated_instances: [] } });
  expect(await failureOf(client.terminateInstance(''))).toMatchObject({ type: 'invalid_request', outcome: 'refused' });
  expect(server.requests).toHaveLength(0);
});
