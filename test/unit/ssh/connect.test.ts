import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectSsh, publicKeyOf, UnreadablePrivateKeyError } from '../../../src/clients/ssh/index.ts';
import type { SshConnectOptions, SshConnectResult, SshTarget } from '../../../src/clients/ssh/index.ts';
import { clientKey, hostKey, newKey, otherKey, startSshServer, startTcpServer } from './ssh-server.ts';

const fingerprint = publicKeyOf(hostKey.private).fingerprint;

function target(port: number, override: Partial<SshTarget> = {}): SshTarget {
  return {
    host: '127.0.0.1',
    port,
    privateKey: clientKey.private,
    hostKey: { kind: 'pinned', fingerprint },
    ...override,
  };
}

async function connect(
  port: number,
  override: Partial<SshTarget> = {},
  options: SshConnectOptions = {},
): Promise<SshConnectResult> {
  const result = await connectSsh(target(port, override), options);
  if (result.kind === 'connected') onTestFinished(() => result.connection.close());
  return result;
}

test('the machine with the pinned key is connected to, with publickey as the only method tried', async () => {
  const server = await startSshServer();
  const result = await connect(server.port);
  expect(result).toMatchObject({ kind: 'connected', hostKeyFingerprint: fingerprint });
  expect(new Set(server.authentications)).toEqual(new Set(['publickey']));
});

test('trust-first connects to whoever answers, and says who it was', async () => {
  const server = await startSshServer({ hostKeys: [otherKey.private] });
  const result = await connect(server.port, { hostKey: { kind: 'trust-first' } });
  expect(result).toMatchObject({
    kind: 'connected',
    hostKeyFingerprint: publicKeyOf(otherKey.private).fingerprint,
  });
});

test.each(['rsa', 'ecdsa'] as const)('trust-first accepts an %s host key too', async (type) => {
  const key = ssh2.utils.generateKeyPairSync(type, { bits: type === 'rsa' ? 2048 : 256 } as never);
  const server = await startSshServer({ hostKeys: [key.private] });
  const result = await connect(server.port, { hostKey: { kind: 'trust-first' } });
  expect(result).toMatchObject({ kind: 'connected', hostKeyFingerprint: publicKeyOf(key.private).fingerprint });
});

test.each(['rsa', 'ecdsa'] as const)('an %s key that was trusted at first is pinned from then on', async (type) => {
  const key = ssh2.utils.generateKeyPairSync(type, { bits: type === 'rsa' ? 2048 : 256 } as never);
  const server = await startSshServer({ hostKeys: [key.private] });
  const seen = publicKeyOf(key.private).fingerprint;
  const trusted = { kind: 'pinned', fingerprint: seen, anyType: true } as const;
  expect(await connect(server.port, { hostKey: trusted })).toMatchObject({
    kind: 'connected',
    hostKeyFingerprint: seen,
  });
  const other = { kind: 'pinned', fingerprint, anyType: true } as const;
  expect(await connect(server.port, { hostKey: other })).toMatchObject({
    kind: 'host-key-mismatch',
    presentedFingerprint: seen,
  });
  expect(await connect(server.port, { hostKey: { kind: 'pinned', fingerprint: seen } })).toHaveProperty(
    'kind',
    'host-key-mismatch',
  );
});

test('a machine with keys of several types shows the same one at first sight and from then on', async () => {
  const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
  const server = await startSshServer({ hostKeys: [rsa.private, hostKey.private] });
  expect(await connect(server.port, { hostKey: { kind: 'trust-first' } })).toMatchObject({
    hostKeyFingerprint: fingerprint,
  });
  expect(await connect(server.port, { hostKey: { kind: 'pinned', fingerprint, anyType: true } })).toHaveProperty(
    'kind',
    'connected',
  );
});

test('another host key than the pinned one: nothing is authenticated, nothing is sent, and the shown key is named', async () => {
  const server = await startSshServer({ hostKeys: [otherKey.private] });
  const result = await connect(server.port);
  expect(result).toMatchObject({
    kind: 'host-key-mismatch',
    presentedFingerprint: publicKeyOf(otherKey.private).fingerprint,
  });
  expect(result).toHaveProperty('reason', expect.stringContaining(fingerprint));
  await vi.waitFor(() => expect(server.sockets.size).toBe(0));
  expect(server.authentications).toEqual([]);
  expect(server.commands).toEqual([]);
});

test('a machine that has the pinned key beside others is asked for that one', async () => {
  const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
  const server = await startSshServer({ hostKeys: [rsa.private, hostKey.private] });
  expect(await connect(server.port)).toMatchObject({ kind: 'connected', hostKeyFingerprint: fingerprint });
});

test('a machine without any ed25519 key cannot have the pinned one: a mismatch, too', async () => {
  const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
  const server = await startSshServer({ hostKeys: [rsa.private] });
  const result = await connect(server.port);
  expect(result.kind).toBe('host-key-mismatch');
  expect(server.authentications).toEqual([]);
});

test('a machine that does not know our key denies permission, and is not asked twice', async () => {
  const server = await startSshServer();
  const result = await connect(server.port, { privateKey: otherKey.private });
  expect(result).toMatchObject({ kind: 'permission-denied', presentedFingerprint: fingerprint });
  expect(result).toHaveProperty('reason', expect.stringContaining('ubuntu@127.0.0.1'));
  expect(server.authentications).toEqual(['publickey']);
});

test('a machine that knows only an earlier key takes that, in the same connection', async () => {
  const server = await startSshServer();
  const before = [newKey().private, clientKey.private];
  const result = await connect(server.port, { privateKey: otherKey.private, previousPrivateKeys: before });
  expect(result).toHaveProperty('kind', 'connected');
  expect(server.sockets.size).toBe(1);
});

test('a machine that knows none of our keys denies permission after all were offered once', async () => {
  const server = await startSshServer();
  const result = await connect(server.port, {
    privateKey: otherKey.private,
    previousPrivateKeys: [newKey().private],
  });
  expect(result).toHaveProperty('kind', 'permission-denied');
  expect(server.authentications).toEqual(['publickey', 'publickey']);
});

test('a machine that does not know the user denies permission', async () => {
  const server = await startSshServer();
  expect(await connect(server.port, { username: 'root' })).toHaveProperty('kind', 'permission-denied');
});

test('a port that nobody listens on is refused', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const result = await connect(port);
  expect(result).toMatchObject({ kind: 'refused' });
  expect(result).toHaveProperty('reason', expect.stringMatching(/ECONNREFUSED.*at the TCP connection/));
});

test('a name that does not exist is unreachable', async () => {
  expect(await connect(22, { host: 'no-such-host.invalid' })).toHaveProperty('kind', 'unreachable');
});

test('a server that accepts and says nothing times out, waiting for the banner', async () => {
  const { port } = await startTcpServer(() => undefined);
  const result = await connect(port, {}, { connectTimeoutMs: 200 });
  expect(result).toMatchObject({ kind: 'timed-out' });
  expect(result).toHaveProperty('reason', expect.stringContaining('the SSH banner'));
});

test('a server that stops after its banner times out in the key exchange', async () => {
  const { port } = await startTcpServer((socket) => socket.write('SSH-2.0-half\r\n'));
  const result = await connect(port, {}, { connectTimeoutMs: 200 });
  expect(result).toMatchObject({ kind: 'timed-out' });
  expect(result).toHaveProperty('reason', expect.stringContaining('the key exchange'));
});

test('a server that hangs up at once resets', async () => {
  const closing = await startTcpServer((socket) => socket.end());
  expect(await connect(closing.port)).toHaveProperty('kind', 'reset');
  const resetting = await startTcpServer((socket) => socket.resetAndDestroy());
  expect(await connect(resetting.port)).toHaveProperty('kind', 'reset');
});

test('a server that hangs up after its banner resets', async () => {
  const { port } = await startTcpServer((socket) => socket.end('SSH-2.0-brief\r\n'));
  expect(await connect(port)).toHaveProperty('kind', 'reset');
});

test('a banner that comes late is waited for', async () => {
  let banner = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    banner = resolve;
  });
  const server = await startSshServer({ onSocket: (_socket, hand) => void held.then(hand, hand) });
  const connecting = connect(server.port);
  await vi.waitFor(() => expect(server.sockets.size).toBe(1));
  banner();
  expect(await connecting).toHaveProperty('kind', 'connected');
});

test('what is not SSH is a protocol error', async () => {
  const { port } = await startTcpServer((socket) => socket.write('SSH-1.0-ancient\r\n'));
  expect(await connect(port)).toHaveProperty('kind', 'protocol-error');
});

test('an abort closes the socket and rejects with its reason', async () => {
  const { port, sockets } = await startTcpServer((socket) => socket.resume());
  const controller = new AbortController();
  const connecting = connect(port, {}, { signal: controller.signal });
  await vi.waitFor(() => expect(sockets.size).toBe(1));
  const reason = new Error('cancelled by the caller');
  controller.abort(reason);
  await expect(connecting).rejects.toBe(reason);
  await vi.waitFor(() => expect(sockets.size).toBe(0));
});

test('an abort that came before opens no socket', async () => {
  const { port } = await startTcpServer(() => expect.unreachable('a socket was opened'));
  await expect(connect(port, {}, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
});

test('an abort that comes after has no effect on the connection', async () => {
  const server = await startSshServer();
  const controller = new AbortController();
  const result = await connect(server.port, {}, { signal: controller.signal });
  controller.abort();
  expect.assert(result.kind === 'connected');
  expect(await result.connection.run('echo still here')).toMatchObject({ kind: 'exited', stdout: 'still here\n' });
});

test('a key that cannot be read is thrown before any socket is opened', async () => {
  const { port } = await startTcpServer(() => expect.unreachable('a socket was opened'));
  await expect(connect(port, { privateKey: 'rubbish' })).rejects.toBeInstanceOf(UnreadablePrivateKeyError);
});

test('a malformed pin is thrown, because it could never match', async () => {
  const md5 = { kind: 'pinned', fingerprint: 'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48' } as const;
  await expect(connect(1, { hostKey: md5 })).rejects.toThrow(/hostKey.fingerprint.*SHA256:/);
});
