import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectSsh, publicKeyOf } from '../../../src/clients/ssh/index.ts';
import type { SshConnection } from '../../../src/clients/ssh/index.ts';
import { clientKey, hostKey, startSshServer } from './ssh-server.ts';
import type { TestServer, TestServerOptions } from './ssh-server.ts';

/** A machine whose home is a folder of its own, and whose shell is this host's. */
async function machine(
  options: TestServerOptions = {},
): Promise<{ connection: SshConnection; home: string; server: TestServer }> {
  const home = await mkdtemp(join(tmpdir(), 'navarch-upload-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const server = await startSshServer({ cwd: home, ...options });
  const { fingerprint } = publicKeyOf(hostKey.private);
  const result = await connectSsh({
    host: '127.0.0.1',
    port: server.port,
    privateKey: clientKey.private,
    hostKey: { kind: 'pinned', fingerprint },
  });
  expect.assert(result.kind === 'connected');
  onTestFinished(() => result.connection.close());
  return { connection: result.connection, home, server };
}

test.each([
  'plain',
  'with space',
  "it's",
  '"double"',
  '$HOME',
  '$(touch owned)',
  '`touch owned`',
  'semi;touch owned',
  'line\nbreak',
  'ünïcode-☃',
  '-rf',
  '*',
  'back\\slash',
  '~',
])('a file named %j is written under just that name', async (name) => {
  const { connection, home } = await machine();
  expect(await connection.upload(name, 'content', { mode: 0o640 })).toMatchObject({
    kind: 'exited',
    exitCode: 0,
    stderr: '',
  });
  expect(await readdir(home)).toEqual([name]);
  expect(await readFile(join(home, name), 'utf8')).toBe('content');
  expect((await stat(join(home, name))).mode & 0o7777).toBe(0o640);
});

test('binary content arrives byte for byte, and is never part of a command line', async () => {
  const { connection, home, server } = await machine();
  const content = Buffer.concat([
    Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)),
    Buffer.from('the-secret-token'),
    Buffer.alloc(3_000_000, 'x\r\n\0'),
  ]);
  expect(await connection.upload(join(home, 'binary'), content, { mode: 0o600 })).toMatchObject({ exitCode: 0 });
  expect((await readFile(join(home, 'binary'))).equals(content)).toBe(true);
  expect(server.commands.join()).not.toContain('the-secret-token');
});

test('empty content makes an empty file', async () => {
  const { connection, home } = await machine();
  await connection.upload('empty', '', { mode: 0o600 });
  expect(await readFile(join(home, 'empty'), 'utf8')).toBe('');
});

test('a file that is there is replaced, even where it is a link or was readable by all', async () => {
  const { connection, home } = await machine();
  await writeFile(join(home, 'elsewhere'), 'untouched', { mode: 0o644 });
  await symlink('elsewhere', join(home, 'file'));
  expect(await connection.upload('file', 'new', { mode: 0o600 })).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(home, 'file'), 'utf8')).toBe('new');
  expect(await readFile(join(home, 'elsewhere'), 'utf8')).toBe('untouched');
});

test('a folder is not replaced, nor written into', async () => {
  const { connection, home } = await machine();
  await mkdir(join(home, 'folder'));
  const result = await connection.upload('folder', 'x', { mode: 0o600 });
  expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('directory') as string });
  expect(await readdir(home, { recursive: true })).toEqual(['folder']);
});

test('a folder that is missing is an exit code, with the reason in stderr', async () => {
  const { connection } = await machine();
  const result = await connection.upload('no/such/file', 'x', { mode: 0o600 });
  expect(result).toMatchObject({
    kind: 'exited',
    exitCode: 1,
    stderr: expect.stringContaining('no/such/file') as string,
  });
});

test('content that ends early leaves the old file as it was, and no part of the new one', async () => {
  const { connection, home, server } = await machine();
  await writeFile(join(home, 'file'), 'old');
  await connection.upload('file', 'new content', { mode: 0o600 });
  const sent = server.commands.at(-1) ?? '';
  await writeFile(join(home, 'file'), 'old');
  const result = await connection.run(sent, { stdin: 'new co' });
  expect(result).toMatchObject({ exitCode: 1, stderr: 'upload: the content ended early\n' });
  expect(await readFile(join(home, 'file'), 'utf8')).toBe('old');
  expect(await readdir(home)).toEqual(['file']);
});

test('with sudo the whole of it runs as root, without a question', async () => {
  const { connection, server } = await machine({
    exec: (channel) => {
      channel.resume();
      channel.exit(0);
      channel.end();
    },
  });
  await connection.upload("/etc/it's", 'x', { mode: 0o600, sudo: true });
  expect(server.commands[0]).toMatch(/^sudo -n sh -c '/);
});

test('what sudo is given is one word, whatever the file is called', async () => {
  const { connection, home, server } = await machine();
  // A sudo of this test's own: it runs what it is given.
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'bin', 'sudo'), '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
  const name = "it's $HOME `x`";
  await connection.upload(name, 'probe', { mode: 0o604, sudo: true });
  const sent = server.commands.at(-1) ?? '';
  const result = await connection.run(`PATH="$PWD/bin:$PATH"; ${sent}`, { stdin: 'probe' });
  expect(result).toMatchObject({ kind: 'exited', exitCode: 0, stderr: '' });
  expect(await readFile(join(home, name), 'utf8')).toBe('probe');
});

test('a connection lost on the way is told, and the deadline holds', async () => {
  const lost = await machine({ exec: (_channel, _command, client) => client.end() });
  expect(await lost.connection.upload('file', 'x', { mode: 0o600 })).toMatchObject({ kind: 'connection-lost' });
  const hung = await machine({ exec: () => undefined });
  const result = await hung.connection.upload('file', 'x', { mode: 0o600, timeoutMs: 100 });
  expect(result).toMatchObject({ kind: 'timed-out' });
  await vi.waitFor(() => expect(hung.server.sockets.size).toBe(0));
});

test('a path that names no file, and a mode that is none, are mistakes of the caller', async () => {
  const { connection, server } = await machine();
  await expect(connection.upload('', 'x', { mode: 0o600 })).rejects.toThrow(/^path: /);
  await expect(connection.upload('folder/', 'x', { mode: 0o600 })).rejects.toThrow(/^path: /);
  await expect(connection.upload('a\0b', 'x', { mode: 0o600 })).rejects.toThrow(/NUL/);
  await expect(connection.upload('file', 'x', { mode: 0o10000 })).rejects.toThrow(/^mode: /);
  expect(server.commands).toEqual([]);
});
