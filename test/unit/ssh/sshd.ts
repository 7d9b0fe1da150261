import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import type { SshTarget } from '../../../src/clients/ssh/index.ts';
import { clientKey } from './ssh-server.ts';

/** Must be absolute: sshd starts itself again for each connection. */
const SSHD = process.env['SSHD_PATH'] ?? '/usr/sbin/sshd';

/** Tests that need it are skipped where it is not installed (Debian: openssh-server). */
export const hasSshd = existsSync(SSHD);

/** OpenSSH's own server, on a port of its own, for one test. */
export interface Sshd {
  /** How to reach it as the user who runs the test, but for the host key. */
  readonly target: Omit<SshTarget, 'hostKey'>;
  /** A folder that goes with the test. */
  readonly folder: string;
  /** What the server has to say, so far. */
  readonly log: () => string;
}

export interface SshdOptions {
  /** Private keys, in a form that sshd reads. */
  readonly hostKeys: readonly string[];
  /** One line each. Default: the key of these tests. */
  readonly authorizedKeys?: readonly string[];
  /** Further lines of its configuration. */
  readonly config?: readonly string[];
}

export async function startSshd({
  hostKeys,
  authorizedKeys = [clientKey.public],
  config = [],
}: SshdOptions): Promise<Sshd> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-sshd-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  for (const [index, key] of hostKeys.entries()) await writeFile(file(`host_key_${index}`), key, { mode: 0o600 });
  await writeFile(file('authorized_keys'), `${authorizedKeys.join('\n')}\n`, { mode: 0o600 });
  // Where a server started as root confines what is not authenticated yet.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  await writeFile(
    file('config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      ...hostKeys.map((_, index) => `HostKey ${file(`host_key_${index}`)}`),
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'LogLevel VERBOSE',
      ...config,
    ].join('\n'),
  );
  const server = spawn(SSHD, ['-D', '-e', '-f', file('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  onTestFinished(async () => {
    if (server.exitCode !== null) return;
    server.kill();
    await once(server, 'exit');
  });
  await vi.waitFor(() => expect(log, log).toContain('listening'), { timeout: 3_000 });
  return {
    target: { host: '127.0.0.1', port, username: userInfo().username, privateKey: clientKey.private },
    folder,
    log: () => log,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
