import { expect, onTestFinished, test, vi } from 'vitest';
import { connectSsh, publicKeyOf } from '../../../src/clients/ssh/index.ts';
import type { SshConnection, SshConnectOptions } from '../../../src/clients/ssh/index.ts';
import { clientKey, hostKey, startSshServer } from './ssh-server.ts';
import type { TestServer, TestServerOptions } from './ssh-server.ts';

async function connected(
  serverOptions: TestServerOptions = {},
  options: SshConnectOptions = {},
): Promise<{ connection: SshConnection; server: TestServer }> {
  const server = await startSshServer(serverOptions);
  const { fingerprint } = publicKeyOf(hostKey.private);
  const result = await connectSsh(
    { host: '127.0.0.1', port: server.port, privateKey: clientKey.private, hostKey: { kind: 'pinned', fingerprint } },
    options,
  );
  expect.assert(result.kind === 'connected');
  onTestFinished(() => result.connection.close());
  return { connection: result.connection, server };
}

test('a command ends with its exit code, and its two streams apart', async () => {
  const { connection } = await connected();
  expect(await connection.run('echo out; echo err >&2; exit 3')).toEqual({
    kind: 'exited',
    exitCode: 3,
    stdout: 'out\n',
    stderr: 'err\n',
    truncated: false,
  });
});

test('a command that a signal ends is told as a shell tells it, with the signal named', async () => {
  const { connection } = await connected();
  expect(await connection.run('kill -9 $$')).toMatchObject({ kind: 'exited', exitCode: 137, signal: 'SIGKILL' });
});

test('a command that reads its input does not wait for one that nobody gives', async () => {
  const { connection } = await connected();
  expect(await connection.run('cat; echo done')).toMatchObject({ kind: 'exited', stdout: 'done\n' });
});

test('standard input arrives whole, byte for byte, however large', async () => {
  const { connection } = await connected();
  const stdin = Buffer.alloc(
    5_000_000,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );
  const counted = await connection.run('wc -c', { stdin });
  expect(Number(counted.stdout)).toBe(stdin.length);
  expect(await connection.run('cat', { stdin: 'grüße' })).toMatchObject({ stdout: 'grüße' });
});

test('a command that ignores its input still tells how it ended', async () => {
  const { connection } = await connected();
  const stdin = Buffer.alloc(5_000_000);
  expect(await connection.run('exit 4', { stdin })).toMatchObject({ kind: 'exited', exitCode: 4 });
});

test('of long output the tail is kept, and it is said that there was more', async () => {
  const { connection } = await connected();
  const result = await connection.run(
    'i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done; echo short >&2',
    {
      maxOutputBytes: 100,
    },
  );
  expect.assert(result.kind === 'exited');
  expect(result.stdout).toHaveLength(100);
  expect(result.stdout.endsWith('line 1998\nline 1999\n')).toBe(true);
  expect(result).toMatchObject({ stderr: 'short\n', truncated: true });
});

test('output of exactly the limit is not called truncated', async () => {
  const { connection } = await connected();
  expect(await connection.run('printf 12345', { maxOutputBytes: 5 })).toMatchObject({
    stdout: '12345',
    truncated: false,
  });
  expect(await connection.run('printf 123456', { maxOutputBytes: 5 })).toMatchObject({
    stdout: '23456',
    truncated: true,
  });
});

test('a character that the limit cuts through is left out', async () => {
  const { connection } = await connected();
  expect(await connection.run("printf '€€€'", { maxOutputBytes: 5 })).toMatchObject({ stdout: '€', truncated: true });
});

test('megabytes of output come through', async () => {
  const { connection } = await connected();
  const result = await connection.run('head -c 8000000 /dev/zero | tr "\\0" x', { maxOutputBytes: 10_000_000 });
  expect.assert(result.kind === 'exited');
  expect(result.stdout).toHaveLength(8_000_000);
  expect(result.truncated).toBe(false);
});

test('several commands share a connection', async () => {
  const { connection } = await connected();
  const results = await Promise.all(['a', 'b', 'c'].map((word) => connection.run(`echo ${word}`)));
  expect(results.map((result) => result.stdout)).toEqual(['a\n', 'b\n', 'c\n']);
});

test('a connection reset in the middle of a command loses it', async () => {
  const { connection, server } = await connected({ exec: () => undefined });
  const running = connection.run('sleep');
  await vi.waitFor(() => expect(server.commands).toEqual(['sleep']));
  for (const socket of server.sockets) socket.resetAndDestroy();
  expect(await running).toMatchObject({ kind: 'connection-lost', reason: expect.stringContaining('broke') as string });
});

test('an orderly hang-up in the middle of a command loses it too, with what it had said', async () => {
  const { connection } = await connected({
    exec: (channel, _command, client) => {
      channel.write('so far\n');
      client.end();
    },
  });
  expect(await connection.run('true')).toMatchObject({ kind: 'connection-lost', stdout: 'so far\n' });
});

test('a channel that closes without an exit status is no success', async () => {
  const { connection } = await connected({ exec: (channel) => channel.close() });
  const result = await connection.run('true');
  expect(result).toMatchObject({ kind: 'connection-lost', reason: expect.stringContaining('exit status') as string });
});

test('a command that the server does not start did not end', async () => {
  const { connection } = await connected({ refuseExec: true });
  const result = await connection.run('true');
  expect(result).toMatchObject({ kind: 'connection-lost', reason: expect.stringContaining('did not start') as string });
});

test('a command that hangs ends by its own deadline, keeps what it said, and takes the connection along', async () => {
  const { connection, server } = await connected({ exec: (channel) => channel.write('working\n') });
  const result = await connection.run('hang', { timeoutMs: 200 });
  expect(result).toMatchObject({
    kind: 'timed-out',
    stdout: 'working\n',
    reason: expect.stringContaining('200 ms') as string,
  });
  await vi.waitFor(() => expect(server.sockets.size).toBe(0));
  expect(await connection.run('true')).toMatchObject({ kind: 'connection-lost' });
});

test('a command whose children hold its output open says so when its deadline passes', async () => {
  const { connection } = await connected({ exec: (channel) => channel.exit(0) });
  const result = await connection.run('daemon &', { timeoutMs: 200 });
  expect(result).toMatchObject({
    kind: 'timed-out',
    reason: expect.stringContaining('holds its output open') as string,
  });
});

test('a connection that hangs without an error ends by keepalive', async () => {
  // The server stops reading, so that nothing is answered any more, and nothing breaks either.
  const { connection, server } = await connected(
    { exec: () => server.sockets.forEach((socket) => socket.pause()) },
    { keepaliveIntervalMs: 50, keepaliveCountMax: 2 },
  );
  const result = await connection.run('hang');
  expect(result).toMatchObject({ kind: 'connection-lost', reason: expect.stringMatching(/keepalive/i) as string });
});

test('a quiet command on a live connection is not ended by keepalive', async () => {
  let finish = (): void => undefined;
  const { connection, server } = await connected(
    {
      exec: (channel) => {
        finish = () => {
          channel.exit(0);
          channel.end();
        };
      },
    },
    { keepaliveIntervalMs: 20, keepaliveCountMax: 10 },
  );
  const running = connection.run('quiet');
  const [socket] = server.sockets;
  // Each answered keepalive is more bytes from the client: far more of them than would be forgiven unanswered.
  await vi.waitFor(() => expect(server.commands).toHaveLength(1));
  const before = socket?.bytesRead ?? 0;
  await vi.waitFor(() => expect(socket?.bytesRead).toBeGreaterThan(before + 1_500), { timeout: 5_000 });
  finish();
  expect(await running).toMatchObject({ kind: 'exited', exitCode: 0 });
});

test('an abort closes the socket at once and rejects with its reason', async () => {
  const { connection, server } = await connected({ exec: () => undefined });
  const controller = new AbortController();
  const running = connection.run('hang', { signal: controller.signal });
  await vi.waitFor(() => expect(server.commands).toHaveLength(1));
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
  await vi.waitFor(() => expect(server.sockets.size).toBe(0));
});

test('an abort that came before sends nothing', async () => {
  const { connection, server } = await connected();
  await expect(connection.run('true', { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow(
    'too late',
  );
  expect(server.commands).toEqual([]);
});

test('close can be called twice, ends what runs, and leaves no socket', async () => {
  const { connection, server } = await connected({ exec: () => undefined });
  const running = connection.run('hang');
  await vi.waitFor(() => expect(server.commands).toHaveLength(1));
  expect(connection.lost).toBeUndefined();
  connection.close();
  connection.close();
  expect(await running).toMatchObject({
    kind: 'connection-lost',
    reason: expect.stringContaining('this side') as string,
  });
  expect(await connection.run('true')).toMatchObject({ kind: 'connection-lost' });
  expect(connection.lost).toContain('this side');
  await vi.waitFor(() => expect(server.sockets.size).toBe(0));
});
