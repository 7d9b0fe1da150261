import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, NodeProvisioner, payloadCodec } from '../../../src/sdk/index.ts';
import { messageOf } from '../../../src/sdk/failure-message.ts';
import { unwrap } from '../../../src/sdk/unwrap.ts';
import { keyLine } from '../payload-encryption/keys.ts';

// Nothing listens there: what is wrong is said before anything is sent.
const NOWHERE = { address: '127.0.0.1:1' };

describe('keys that cannot be used are said at once, by name and line', () => {
  test.each([
    ['an option', { payloadKeys: 'nonsense' }, {}, 'payloadKeys: line 1 is not of the form id:key'],
    ['a variable', {}, { NAVARCH_PAYLOAD_KEYS: 'nonsense' }, 'NAVARCH_PAYLOAD_KEYS: line 1 is not of the form id:key'],
    [
      'a file that is not there',
      {},
      { NAVARCH_PAYLOAD_KEYS_FILE: '/nowhere' },
      'NAVARCH_PAYLOAD_KEYS_FILE: the file cannot be read (ENOENT)',
    ],
  ])('%s', async (_what, options, environment, message) => {
    const connecting = NodeProvisioner.connect({ ...NOWHERE, ...options, environment });
    await expect(connecting).rejects.toThrow(ConfigurationError);
    await expect(connecting).rejects.toThrow(message);
  });
});

describe('an answer that cannot be decrypted is a matter of configuration', () => {
  async function encrypted(): Promise<Payload> {
    const [payload = {}] = await payloadCodec(keyLine('k1')).encode([defaultPayloadConverter.toPayload('secret')]);
    return payload;
  }

  test('for a client with other keys: the key is named', async () => {
    const decoding = payloadCodec(keyLine('k2')).decode([await encrypted()]);
    const error = unwrap(await decoding.catch((thrown: unknown) => thrown), { workflowId: 'provision-node/trainer-1' });
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ workflowId: 'provision-node/trainer-1' });
    expect(String(error)).toContain('"k1"');
  });

  test('for a client that knows of no keys: what it lacks is named', async () => {
    const payload = await encrypted();
    const read = (): unknown => defaultPayloadConverter.fromPayload(payload);
    const error = unwrap(thrownBy(read), {});
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain('NAVARCH_PAYLOAD_KEYS');
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test('the trouble of a step is read where its failure is encoded, and where it is not', async () => {
  const codec = payloadCodec(keyLine('k1'));
  const connection = Connection.lazy(NOWHERE);
  const client = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
  const attributes = { message: 'Lambda says no', stack_trace: '' };
  const [encodedAttributes = {}] = await codec.encode([defaultPayloadConverter.toPayload(attributes)]);
  expect(await messageOf(client, { message: 'Encoded failure', encodedAttributes })).toBe('Lambda says no');
  expect(await messageOf(client, { message: 'in clear' })).toBe('in clear');
  await connection.close();
});
