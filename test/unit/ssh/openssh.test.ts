import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectSsh, deriveHostKey, publicKeyOf } from '../../../src/clients/ssh/index.ts';
import type { SshConnection, SshConnectOptions, SshTarget } from '../../../src/clients/ssh/index.ts';
import { clientKey, newKey, otherKey } from './ssh-server.ts';
import { hasSshd, startSshd, type Sshd } from './sshd.ts';

const key = deriveHostKey({ secret: 'a secret', salt: 'a token' });
const pinned = { kind: 'pinned', fingerprint: key.fingerprint } as const;

async function connected(target: SshTarget, { log }: Sshd, options: SshConnectOptions = {}): Promise<SshConnection> {
  const result = await connectSsh(target, options);
  expect.assert(result.kind === 'connected', `${JSON.stringify(result)}\n${log()}`);
  onTestFinished(() => result.connection.close());
  return result.connection;
}

describe.skipIf(!hasSshd)("OpenSSH's own server (needs sshd)", () => {
  test('takes a derived host key, runs commands and keeps files', async () => {
    const sshd = await startSshd({ hostKeys: [key.privateKeyOpenSsh] });
    const target: SshTarget = { ...sshd.target, hostKey: pinned };
    const { fingerprint } = deriveHostKey({ secret: 'a secret', salt: 'another token' });
    const wrong = await connectSsh({ ...target, hostKey: { kind: 'pinned', fingerprint } });
    expect(wrong, sshd.log()).toMatchObject({ kind: 'host-key-mismatch', presentedFingerprint: key.fingerprint });

    const connection = await connected(target, sshd);
    expect(await connection.run('cat; echo err >&2; exit 5', { stdin: 'in' })).toMatchObject({
      kind: 'exited',
      exitCode: 5,
      stdout: 'in',
      stderr: 'err\n',
    });
    expect(await connection.run('kill -9 $$')).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
    const path = join(sshd.folder, "it's here");
    expect(await connection.upload(path, 'content', { mode: 0o600 })).toMatchObject({ exitCode: 0 });
    expect(await readFile(path, 'utf8')).toBe('content');
    expect(await connection.run('sleep 3', { timeoutMs: 100 })).toMatchObject({ kind: 'timed-out' });
  });

  test('is not told who we are before it has shown the pinned key', async () => {
    const sshd = await startSshd({ hostKeys: [otherKey.private] });
    expect(await connectSsh({ ...sshd.target, hostKey: pinned })).toHaveProperty('kind', 'host-key-mismatch');
    expect(sshd.log()).not.toMatch(/Accepted|Failed|user/i);
  });

  test('denies permission to a key that it does not know, as often as it is asked', async () => {
    const sshd = await startSshd({ hostKeys: [key.privateKeyOpenSsh] });
    const stranger: SshTarget = { ...sshd.target, privateKey: otherKey.private, hostKey: pinned };
    for (let time = 0; time < 2; time += 1) {
      expect(await connectSsh(stranger), sshd.log()).toHaveProperty('kind', 'permission-denied');
    }
  });

  test('lets five keys be tried in one connection, and denies permission if it knows none', async () => {
    const sshd = await startSshd({ hostKeys: [key.privateKeyOpenSsh] });
    const strangers = Array.from({ length: 5 }, () => newKey().private);
    const [privateKey = '', ...rest] = strangers;
    const target: SshTarget = { ...sshd.target, privateKey, hostKey: pinned };
    const known = { ...target, previousPrivateKeys: [...rest.slice(1), clientKey.private] };
    expect(await (await connected(known, sshd)).run('echo in')).toMatchObject({ stdout: 'in\n' });
    expect(sshd.log().match(/Connection from/g)).toHaveLength(1);
    const none = await connectSsh({ ...target, previousPrivateKeys: rest });
    expect(none, sshd.log()).toHaveProperty('kind', 'permission-denied');
  });

  test.each(['rsa', 'ecdsa'] as const)(
    'with an %s key only is trusted at first sight, and pinned by it',
    async (type) => {
      const own = ssh2.utils.generateKeyPairSync(type, { bits: type === 'rsa' ? 2048 : 256 } as never);
      const sshd = await startSshd({ hostKeys: [own.private] });
      const { fingerprint } = publicKeyOf(own.private);
      const first = await connectSsh({ ...sshd.target, hostKey: { kind: 'trust-first' } });
      expect.assert(first.kind === 'connected', `${JSON.stringify(first)}\n${sshd.log()}`);
      first.connection.close();
      expect(first.hostKeyFingerprint).toBe(fingerprint);
      await connected({ ...sshd.target, hostKey: { kind: 'pinned', fingerprint, anyType: true } }, sshd);
      const other = publicKeyOf(newKey().private).fingerprint;
      expect(
        await connectSsh({ ...sshd.target, hostKey: { kind: 'pinned', fingerprint: other, anyType: true } }),
      ).toMatchObject({ kind: 'host-key-mismatch', presentedFingerprint: fingerprint });
      // What we did not make is no ed25519 key of ours, whatever its fingerprint.
      expect(await connectSsh({ ...sshd.target, hostKey: pinned })).toHaveProperty('kind', 'host-key-mismatch');
    },
  );

  test('that stops in the midst of a command is noticed by its silence', async () => {
    const sshd = await startSshd({ hostKeys: [key.privateKeyOpenSsh] });
    const target: SshTarget = { ...sshd.target, hostKey: pinned };
    const connection = await connected(target, sshd, { keepaliveIntervalMs: 100 });
    // The process that serves this connection is the parent of what it runs.
    const asked = await connection.run('echo $PPID');
    const server = Number(asked.stdout);
    expect(server).toBeGreaterThan(1);
    onTestFinished(() => void process.kill(server, 'SIGKILL'));
    const running = connection.run('sleep 30', { timeoutMs: 25_000 });
    process.kill(server, 'SIGSTOP');
    expect(await running).toMatchObject({
      kind: 'connection-lost',
      reason: expect.stringMatching(/keepalive/i) as string,
    });
    expect(await (await connected(target, sshd)).run('echo next')).toMatchObject({ stdout: 'next\n' });
  });
});
