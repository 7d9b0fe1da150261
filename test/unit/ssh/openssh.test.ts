import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectSsh, deriveHostKey } from '../../../src/clients/ssh/index.ts';
import type { SshTarget } from '../../../src/clients/ssh/index.ts';
import { clientKey, otherKey } from './ssh-server.ts';

/** Must be absolute: sshd starts itself again for each connection. */
const sshd = process.env['SSHD_PATH'] ?? '/usr/sbin/sshd';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test.skipIf(!existsSync(sshd))(
  "OpenSSH's own server takes a derived host key, runs commands and keeps files (needs sshd)",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'navarch-sshd-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = (name: string): string => join(folder, name);
    const key = deriveHostKey({ secret: 'a secret', salt: 'a token' });
    await writeFile(file('host_key'), key.privateKeyOpenSsh, { mode: 0o600 });
    await writeFile(file('authorized_keys'), `${clientKey.public}\n`, { mode: 0o600 });
    // Where a server started as root confines what is not authenticated yet.
    if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const port = await freePort();
    await writeFile(
      file('config'),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${file('host_key')}`,
        `AuthorizedKeysFile ${file('authorized_keys')}`,
        'PidFile none',
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'PermitRootLogin prohibit-password',
      ].join('\n'),
    );
    const server = spawn(sshd, ['-D', '-e', '-f', file('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    onTestFinished(async () => {
      if (server.exitCode !== null) return;
      server.kill();
      await once(server, 'exit');
    });
    await vi.waitFor(() => expect(log, log).toContain('listening'), { timeout: 3_000 });

    const target: SshTarget = {
      host: '127.0.0.1',
      port,
      username: userInfo().username,
      privateKey: clientKey.private,
      hostKey: { kind: 'pinned', fingerprint: key.fingerprint },
    };
    const stranger = await connectSsh({ ...target, privateKey: otherKey.private });
    expect(stranger, log).toHaveProperty('kind', 'permission-denied');
    const { fingerprint } = deriveHostKey({ secret: 'a secret', salt: 'another token' });
    const wrong = await connectSsh({ ...target, hostKey: { kind: 'pinned', fingerprint } });
    expect(wrong, log).toMatchObject({ kind: 'host-key-mismatch', presentedFingerprint: key.fingerprint });

    const result = await connectSsh(target);
    expect.assert(result.kind === 'connected', `${JSON.stringify(result)}\n${log}`);
    const { connection } = result;
    onTestFinished(() => connection.close());
    expect(await connection.run('cat; echo err >&2; exit 5', { stdin: 'in' })).toMatchObject({
      kind: 'exited',
      exitCode: 5,
      stdout: 'in',
      stderr: 'err\n',
    });
    expect(await connection.run('kill -9 $$')).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
    expect(await connection.upload(file("it's here"), 'content', { mode: 0o600 })).toMatchObject({ exitCode: 0 });
    expect(await readFile(file("it's here"), 'utf8')).toBe('content');
    expect(await connection.run('sleep 3', { timeoutMs: 100 })).toMatchObject({ kind: 'timed-out' });
  },
);
