import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { hostKeyUserData } from '../../../src/activities/user-data.ts';
import { fingerprintOf } from '../../../src/clients/ssh/fingerprint.ts';
import { deriveHostKey, publicKeyOf } from '../../../src/clients/ssh/index.ts';

test('the user data gives the machine the host key that was derived, and leaves it no other (P10)', () => {
  const key = deriveHostKey({ secret: 'a worker secret of some length', salt: '0d5e3f8a9b1c4d2e8f70' });
  const userData = hostKeyUserData(key);
  expect(userData.startsWith('#cloud-config\n')).toBe(true);
  const config = parse(userData) as {
    readonly ssh_keys: { readonly ed25519_private: string; readonly ed25519_public: string };
  };
  expect(config).toEqual({
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: key.privateKeyOpenSsh, ed25519_public: key.publicKeyOpenSsh },
  });
  // As the machine will read it: the private half is of that public half, whose fingerprint was recorded.
  expect(publicKeyOf(config.ssh_keys.ed25519_private).openSsh.split(' ')[1]).toBe(
    config.ssh_keys.ed25519_public.split(' ')[1],
  );
  expect(fingerprintOf(Buffer.from(config.ssh_keys.ed25519_public.split(' ')[1] ?? '', 'base64'))).toBe(
    key.fingerprint,
  );
});
