import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import sshpk from 'sshpk';
import { z } from 'zod';
import type { RegisteredSshKey } from '../account.ts';
import { failure, success } from './answer.ts';
import type { Endpoint, World } from './call.ts';
import { invalid } from './launch-order.ts';

const newKey = z.object({ name: z.string().min(1).max(64), public_key: z.string().min(1).max(4096).nullish() });

/** /ssh-keys of the account. */
export function sshKeyEndpoints(world: World): readonly Endpoint[] {
  return [
    {
      method: 'GET',
      path: '/ssh-keys',
      operation: 'ssh-keys',
      handle: ({ account }) => success(account.sshKeys.map(keyJson)),
    },
    {
      method: 'POST',
      path: '/ssh-keys',
      operation: 'add-ssh-key',
      handle: async ({ account, body }) => {
        const parsed = newKey.safeParse(body);
        if (!parsed.success) return invalid(parsed.error);
        const { name, public_key } = parsed.data;
        if (account.sshKeys.some((key) => key.name === name)) {
          return failure(world.wire.duplicateKeyCode ?? 'global/duplicate', {
            message: `SSH key ${name} exists already.`,
          });
        }
        // Without a public key Lambda makes a pair and shows the private half once (§8.46).
        const pair = public_key == null ? await generatePair() : undefined;
        const key = account.addSshKey({ name, publicKey: public_key ?? pair?.publicKey ?? '' });
        return success({ ...keyJson(key), ...(pair === undefined ? {} : { private_key: pair.privateKey }) });
      },
    },
    {
      method: 'DELETE',
      path: '/ssh-keys/:id',
      operation: 'delete-ssh-key',
      handle: ({ account, params }) => {
        const index = account.sshKeys.findIndex(({ id }) => id === params['id']);
        if (index < 0) return failure('global/not-found');
        account.sshKeys.splice(index, 1);
        return success({});
      },
    },
  ];
}

function keyJson({ id, name, publicKey }: RegisteredSshKey): Record<string, string> {
  return { id, name, public_key: publicKey };
}

async function generatePair(): Promise<{ publicKey: string; privateKey: string }> {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return { publicKey: sshpk.parseKey(pair.publicKey, 'pem').toString('ssh'), privateKey: pair.privateKey };
}
