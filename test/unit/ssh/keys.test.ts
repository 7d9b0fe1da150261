import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import ssh2 from 'ssh2';
import sshpk from 'sshpk';
import { expect, onTestFinished, test } from 'vitest';
import {
  connectSsh,
  deriveHostKey,
  publicKeyOf,
  readPrivateKey,
  shellQuote,
  UnreadablePrivateKeyError,
} from '../../../src/clients/ssh/index.ts';
import { clientKey, startSshServer } from './ssh-server.ts';

const noKeygen = spawnSync('ssh-keygen', ['-?']).error !== undefined;
const options = { secret: 'a secret of the worker', salt: 'k3x9-token' };
/** A salt whose key's public half begins with a zero byte, which one key in 256 does and some implementations get wrong. */
const withLeadingZero = 'salt-716';

function keygen(privateKey: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  writeFileSync(file, privateKey, { mode: 0o600 });
  return execFileSync('ssh-keygen', [...args, '-f', file], { encoding: 'utf8' }).trim();
}

test('the same secret and salt give the same key, to the last letter, on every worker', () => {
  expect(deriveHostKey(options)).toEqual(deriveHostKey({ ...options, secret: Buffer.from(options.secret) }));
  // Fixed for good: launches in flight depend on it.
  expect(deriveHostKey(options).fingerprint).toBe('SHA256:6jREHqTQ2LBGoo5pMuqrbUv14TF5rPoD7gWDU1tOME0');
});

test('another secret or another salt gives another key', () => {
  const fingerprints = [options, { ...options, salt: 'other' }, { ...options, secret: 'other' }].map(
    (each) => deriveHostKey(each).fingerprint,
  );
  expect(new Set(fingerprints).size).toBe(3);
});

test('nothing is derived from an empty secret or salt', () => {
  expect(() => deriveHostKey({ ...options, secret: '' })).toThrow(/^secret: /);
  expect(() => deriveHostKey({ ...options, secret: Buffer.alloc(0) })).toThrow(/^secret: /);
  expect(() => deriveHostKey({ ...options, salt: '' })).toThrow(/^salt: /);
});

test.each([options.salt, withLeadingZero])(
  'a derived key is read by two other implementations alike (salt %s)',
  (salt) => {
    const key = deriveHostKey({ ...options, salt });
    expect(publicKeyOf(key.privateKeyOpenSsh)).toEqual({ openSsh: key.publicKeyOpenSsh, fingerprint: key.fingerprint });
    const read = sshpk.parsePrivateKey(key.privateKeyOpenSsh, 'openssh');
    expect(read.toPublic().fingerprint('sha256').toString()).toBe(key.fingerprint);
  },
);

test.skipIf(noKeygen)('ssh-keygen reads a derived key, and prints what we say (needs ssh-keygen)', () => {
  for (const salt of ['a', 'b', withLeadingZero]) {
    const key = deriveHostKey({ ...options, salt });
    expect(keygen(key.privateKeyOpenSsh, '-l')).toContain(key.fingerprint);
    expect(keygen(key.privateKeyOpenSsh, '-y')).toBe(key.publicKeyOpenSsh);
  }
});

test('a server with the derived key is the pinned machine', async () => {
  const key = deriveHostKey(options);
  const { port } = await startSshServer({ hostKeys: [key.privateKeyOpenSsh] });
  const pinned = { kind: 'pinned', fingerprint: key.fingerprint } as const;
  const result = await connectSsh({ host: '127.0.0.1', port, privateKey: clientKey.private, hostKey: pinned });
  expect.assert(result.kind === 'connected');
  result.connection.close();
});

const pem = (type: 'pkcs1' | 'pkcs8' | 'sec1') => ({ type, format: 'pem' }) as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

test.each([
  ['OpenSSH ed25519', clientKey.private],
  ['OpenSSH with Windows line ends', clientKey.private.replaceAll('\n', '\r\n')],
  ['OpenSSH with blank lines around', `\n\n${clientKey.private}\n\n`],
  ['OpenSSH RSA', ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).private],
  ['PKCS#1 RSA', rsa.export(pem('pkcs1'))],
  ['SEC1 ECDSA', ec.export(pem('sec1'))],
  ['PKCS#8 RSA', rsa.export(pem('pkcs8'))],
  ['PKCS#8 ECDSA', ec.export(pem('pkcs8'))],
  ['PKCS#8 ed25519', ed25519.export(pem('pkcs8'))],
])('%s is read', (_form, text) => {
  expect(readPrivateKey(String(text)).publicKey.fingerprint).toMatch(/^SHA256:/);
});

test('the forms of one key have one public half', () => {
  const forms = [rsa.export(pem('pkcs1')), rsa.export(pem('pkcs8'))].map((text) => publicKeyOf(String(text)));
  expect(forms[0]).toEqual(forms[1]);
});

const encryptedPem = createPrivateKey(rsa.export(pem('pkcs8'))).export({
  ...pem('pkcs8'),
  cipher: 'aes-256-cbc',
  passphrase: 'x',
});
const encryptedPkcs1 = rsa.export({ ...pem('pkcs1'), cipher: 'aes-256-cbc', passphrase: 'x' });
const encryptedOpenSsh = ssh2.utils.generateKeyPairSync('ed25519', {
  passphrase: 'x',
  cipher: 'aes256-ctr',
  rounds: 16,
}).private;
const body = clientKey.private.split('\n')[2] ?? '';

test.each([
  ['nothing', '', /is empty; give/],
  ['blank', ' \n', /is empty; give/],
  ['rubbish', 'certainly not a key', /give an OpenSSH or PEM key/],
  ['a path', '/home/ubuntu/.ssh/id_ed25519', /give an OpenSSH or PEM key/],
  ['a public key', clientKey.public, /public key; give the private half/],
  ['half a key', clientKey.private.slice(0, 200), /give an OpenSSH or PEM key/],
  ['a damaged key', clientKey.private.replace(body, body.toLowerCase()), /unreadable SSH private key/],
  ['a damaged PKCS#8 key', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n', /PKCS#8/],
  ['an encrypted OpenSSH key', encryptedOpenSsh, /encrypted keys are not supported/],
  ['an encrypted PKCS#8 key', String(encryptedPem), /encrypted keys are not supported/],
  ['an encrypted PKCS#1 key', String(encryptedPkcs1), /encrypted keys are not supported/],
])('%s is refused with what to do, and without a word of the key', (_what, text, message) => {
  const error: unknown = (() => {
    try {
      return readPrivateKey(text);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(UnreadablePrivateKeyError);
  expect(error).toHaveProperty('message', expect.stringMatching(message));
  expect(error).toHaveProperty('message', expect.stringMatching(/^unreadable SSH private key: /));
  const shown = inspect(error, { depth: 9, showHidden: true });
  for (const line of text.split('\n').filter((each) => /^\S{10,}$/.test(each))) expect(shown).not.toContain(line);
});

test('a key that was read does not show itself when it is printed', () => {
  const key = readPrivateKey(clientKey.private);
  expect(inspect(key) + JSON.stringify(key)).not.toContain(body);
});

test.each(['', 'plain', "it's", "''", '$(x)', 'a\nb', '-n', '\\', 'ü☃'])(
  'the shell reads %j back as it was',
  (value) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(value)}`], { encoding: 'utf8' })).toBe(value);
  },
);
