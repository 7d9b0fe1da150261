import { generateKeyPairSync } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import ssh2 from 'ssh2';
import sshpk from 'sshpk';
import { describe, expect, test } from 'vitest';
import { imageHostKey } from '../../../src/simulator/machines/sshd/host-key.ts';
import type { Machine } from '../../../src/simulator/machines/machine.ts';
import {
  BY_HAND,
  closed,
  connect,
  connectWhenUp,
  elapse,
  elapseUntil,
  open,
  run,
  testMachine,
  until,
} from './machine-support.ts';

function keyPair(): { readonly privateKey: string; readonly publicKey: string } {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  const key = sshpk.parsePrivateKey(pem, 'pkcs8');
  return { privateKey: key.toString('ssh-private'), publicKey: key.toPublic().toString('ssh') };
}

/** Tries to log in; never mind how it goes. */
async function attempt(machine: Machine): Promise<false> {
  await connect(machine).catch(() => undefined);
  return false;
}

function publicBlob(key: string): Buffer {
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH();
}

describe('commands over SSH', () => {
  test('a command runs on the machine, and its exit code and both outputs come back', async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    expect(await run(client, 'echo hello; echo oops >&2; exit 3')).toEqual({
      exitCode: 3,
      stdout: 'hello\n',
      stderr: 'oops\n',
    });
  });

  test('what is sent on stdin reaches the command, and no record', async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const ran = await run(client, 'umask 077; cat > secret; wc -c < secret; stat -c %a secret', 'hunter2');
    expect(ran.stdout).toBe('7\n600\n');
    expect(JSON.stringify([machine.commands, machine.started, machine.connections])).not.toContain('hunter2');
    expect(machine.commands.at(-1)).toMatchObject({ exitCode: 0, stdinBytes: 7 });
  });

  test('megabytes come back whole, as fast as the client takes them', async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const megabytes = Buffer.alloc(6 * 1024 * 1024, 'x');
    const ran = await run(client, 'cat', megabytes);
    expect(ran.stdout.length).toBe(megabytes.length);
    expect(ran.exitCode).toBe(0);
  });

  test('the exit code comes when the command ends, the end of the channel when nothing holds its output', async () => {
    const machine = testMachine({ factor: 10 });
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const held = await run(client, '(sleep 3; echo late) & echo early');
    expect(held.stdout).toBe('early\nlate\n');
    const free = await run(client, 'setsid nohup sleep 1000 >/dev/null 2>&1 </dev/null & echo early');
    expect(free.stdout).toBe('early\n');
    expect(machine.processes()).toContainEqual(['sleep', '1000']);
  });

  test('many commands at once on one connection do not get into each other', async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const ran = await Promise.all(
      Array.from({ length: 8 }, (_, n) => run(client, `for i in 1 2 3; do echo ${n}; done`)),
    );
    expect(ran.map((each) => each.stdout)).toEqual(Array.from({ length: 8 }, (_, n) => `${n}\n${n}\n${n}\n`));
  });

  test('an interactive shell says that there is none', async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const said = await new Promise<string>((resolve, reject) => {
      client.shell((error, channel) => {
        if (error !== undefined) reject(error);
        else channel.stderr.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      });
    });
    expect(said).toContain('not simulated');
  });
});

describe('who may log in', () => {
  test('only the user ubuntu, only with a key that was given', async () => {
    const machine = testMachine();
    await machine.powerOn();
    await connectWhenUp(machine);
    await expect(connect(machine, { username: 'root' })).rejects.toThrow('authentication');
    await expect(connect(machine, { privateKey: keyPair().privateKey })).rejects.toThrow('authentication');
    const passwordOnly = { password: 'x', privateKey: undefined } as unknown as Partial<ssh2.ConnectConfig>;
    await expect(connect(machine, passwordOnly)).rejects.toThrow('authentication');
    expect(machine.connections.filter((event) => event.kind === 'rejected').length).toBeGreaterThan(0);
  });

  test('the right key is refused until the machine has placed it', async () => {
    const machine = testMachine({ factor: BY_HAND, faults: { keyAcceptedAfterMs: 20_000 } });
    await machine.powerOn();
    await until(() => machine.connections.some((event) => event.kind === 'rejected') || attempt(machine));
    await elapse(machine, 20_000);
    expect((await run((await connect(machine)).client, 'whoami')).stdout).toBe('ubuntu\n');
  });

  test("a key appended to the user's own file may log in too", async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const second = keyPair();
    await run(client, 'cat >> ~/.ssh/authorized_keys', `${second.publicKey}\n`);
    const other = await connect(machine, { privateKey: second.privateKey });
    expect((await run(other.client, 'whoami')).stdout).toBe('ubuntu\n');
  });
});

describe('host keys', () => {
  test('without user data the image shows a key of its own, the same for the same seed', async () => {
    const machine = testMachine({ seed: 42 });
    await machine.powerOn();
    const { hostKey } = await connectWhenUp(machine);
    expect(hostKey).toEqual(publicBlob(imageHostKey(42, machine.spec.hostname).privateKey));
    expect(hostKey).not.toEqual(publicBlob(imageHostKey(43, machine.spec.hostname).privateKey));
  });

  test("the image's key shows first; when cloud-init runs, the pinned one, and connections drop", async () => {
    const pinned = keyPair();
    const userData = `#cloud-config\n${JSON.stringify({
      ssh_deletekeys: true,
      ssh_genkeytypes: [],
      ssh_keys: { ed25519_private: pinned.privateKey, ed25519_public: pinned.publicKey },
    })}`;
    const machine = testMachine({ factor: BY_HAND, userData, faults: { sshAfterMs: 1_000, cloudInitAfterMs: 20_000 } });
    await machine.powerOn();
    await elapse(machine, 1_000);
    const early = await connectWhenUp(machine);
    expect(early.hostKey).toEqual(publicBlob(imageHostKey(7, machine.spec.hostname).privateKey));
    const dropped = closed(early.client);
    await elapse(machine, 19_000);
    await dropped;
    const { hostKey } = await connectWhenUp(machine);
    expect(hostKey).toEqual(publicBlob(pinned.privateKey));
    expect(await machine.readFile('/etc/ssh/ssh_host_ed25519_key')).toBe(pinned.privateKey);
  });

  test('an image that ignores user data keeps its own key', async () => {
    const pinned = keyPair();
    const userData = `#cloud-config\nssh_keys:\n  ed25519_private: ${JSON.stringify(pinned.privateKey)}\n`;
    const machine = testMachine({ userData, faults: { ignoresUserData: true } });
    await machine.powerOn();
    const { hostKey } = await connectWhenUp(machine);
    expect(hostKey).toEqual(publicBlob(imageHostKey(7, machine.spec.hostname).privateKey));
  });
});

describe('connections that fail', () => {
  test('before its time sshd refuses; a silent one takes the connection and says nothing', async () => {
    const refusing = testMachine({ factor: 1, faults: { sshAfterMs: 60_000 } });
    await refusing.powerOn();
    await expect(connect(refusing)).rejects.toThrow('ECONNREFUSED');

    const silent = testMachine({ factor: 1, faults: { sshAfterMs: 60_000, sshSilent: true } });
    await silent.powerOn();
    await until(() =>
      connect(silent, { readyTimeout: 50 }).then(
        () => false,
        (error: unknown) => String(error).includes('Timed out'),
      ),
    );
  });

  test('a dropped connection leaves what was started detached alone; the foreground dies when it writes', async () => {
    const machine = testMachine({ factor: BY_HAND, faults: { dropConnections: [{ connection: 1, afterMs: 4_000 }] } });
    await machine.powerOn();
    const first = await connectWhenUp(machine);
    const script = 'for i in 1 2 3 4 5 6; do echo "step $i"; sleep 2; done; echo 0 > done';
    const { client } = await connect(machine);
    const gone = closed(client);
    await run(client, `setsid nohup bash -c '${script}' >log 2>&1 </dev/null &`);
    const foreground = await open(client, 'while true; do echo tick; sleep 1; done');
    foreground.resume();
    await elapse(machine, 4_000);
    await gone;
    await elapseUntil(machine, () => !machine.processes().some((argv) => argv.join(' ').includes('tick')));
    await elapseUntil(machine, async () => (await machine.readFile('/home/ubuntu/done')) !== undefined);
    expect((await run(first.client, 'tail -n 1 log; cat done')).stdout).toBe('step 6\n0\n');
  });

  test('a connection that hangs stays open and gives nothing, from the start or from the middle', async () => {
    const machine = testMachine({
      factor: BY_HAND,
      faults: { hangConnections: [1], hangConnectionsAfter: [{ connection: 2, afterMs: 6_000 }] },
    });
    await machine.powerOn();
    await connectWhenUp(machine);
    await expect(connect(machine, { readyTimeout: 100 })).rejects.toThrow('Timed out');

    const { client } = await connect(machine);
    let heard = '';
    const channel = await open(client, 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 2; done; echo 0 > finished');
    channel.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    let ended = false;
    client.once('close', () => (ended = true));
    await until(() => heard !== '');
    await elapseUntil(machine, async () => (await machine.readFile('/home/ubuntu/finished')) !== undefined);
    expect(heard).toContain('1\n');
    expect(heard).not.toContain('8\n');
    expect(ended).toBe(false);
  });

  test('a banner comes late; the connection is as good as any', async () => {
    const machine = testMachine({ factor: BY_HAND, faults: { bannerAfterMs: 5_000 } });
    await machine.powerOn();
    const connecting = connectWhenUp(machine);
    await until(() => machine.connections.some(({ kind }) => kind === 'connected'));
    expect(machine.connections).toHaveLength(1);
    await elapse(machine, 5_000);
    expect((await run((await connecting).client, 'whoami')).stdout).toBe('ubuntu\n');
  });

  test('before its time another machine has the address: with its own key, and none of ours', async () => {
    const machine = testMachine({ factor: BY_HAND, faults: { strangerUntilMs: 10_000, sshAfterMs: 15_000 } });
    await machine.powerOn();
    let shown: Buffer = Buffer.alloc(0);
    const look = { hostVerifier: (key: Buffer) => (shown = key).length > 0 };
    await until(() =>
      connect(machine, look).then(
        () => false,
        () => shown.length > 0,
      ),
    );
    await expect(connect(machine)).rejects.toThrow('authentication');
    expect(shown).not.toEqual(publicBlob(imageHostKey(7, machine.spec.hostname).privateKey));
    await elapse(machine, 12_000);
    await expect(connect(machine)).rejects.toThrow('ECONNREFUSED');
    await elapse(machine, 3_000);
    expect((await connectWhenUp(machine)).hostKey).toEqual(
      publicBlob(imageHostKey(7, machine.spec.hostname).privateKey),
    );
  });

  test('switched off, it resets what was open and refuses what comes', async () => {
    const machine = testMachine();
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const dropped = closed(client);
    await open(client, 'sleep 1000');
    await machine.powerOff();
    await machine.powerOff();
    await dropped;
    expect(machine.processes()).toEqual([]);
    const refused = await new Promise<string>((resolve) => {
      connectSocket(machine.spec.sshPort, machine.spec.address).on('error', (error) => resolve(error.message));
    });
    expect(refused).toContain('ECONNREFUSED');
  });
});
