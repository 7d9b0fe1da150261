import { describe, expect, test } from 'vitest';
import { parseUserData } from '../../../src/simulator/machines/cloud-init/user-data.ts';
import { BY_HAND, connectWhenUp, elapse, run, testMachine, until } from './machine-support.ts';

const CONFIG = `#cloud-config
write_files:
  - path: /etc/tool/config
    content: |
      hello
    permissions: '0640'
    owner: root:ubuntu
  - path: /etc/tool/binary
    encoding: b64
    content: aGk=
runcmd:
  - mkdir -p /var/lib/tool
  - [sh, -c, 'echo "it is $(whoami)" > /var/lib/tool/who']
`;

describe('cloud-init', () => {
  test('writes files and runs commands as root, and is waited for', async () => {
    const machine = testMachine({ factor: BY_HAND, userData: CONFIG, faults: { cloudInitTakesMs: 30_000 } });
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    expect((await run(client, 'cloud-init status')).stdout).toBe('status: running\n');
    let waited: { stdout: string } | undefined;
    const waiting = run(client, 'cloud-init status --wait').then((ran) => (waited = ran));
    await until(() => machine.processes().some((argv) => argv[0] === 'cloud-init'));
    await elapse(machine, 20_000);
    expect(waited).toBeUndefined();
    await elapse(machine, 15_000);
    expect((await waiting).stdout).toMatch(/^\.+\nstatus: done\n$/);
    const seen = await run(
      client,
      "cat /etc/tool/config /var/lib/tool/who; stat -c '%a %U:%G' /etc/tool/config; cat /etc/tool/binary",
    );
    expect(seen.stdout).toBe('hello\nit is root\n640 root:ubuntu\nhi');
    expect((await run(client, 'cloud-init status --wait')).stdout).toBe('status: done\n');
  });

  test('keeps the package lock while it runs, as a fresh machine does', async () => {
    const machine = testMachine({ factor: BY_HAND, faults: { cloudInitTakesMs: 30_000 } });
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    expect(await run(client, 'sudo apt-get install -y jq')).toMatchObject({ exitCode: 100 });
    const patient = run(client, 'sudo apt-get -o DPkg::Lock::Timeout=60 install -y jq; dpkg -s jq');
    await until(() => machine.processes().some((argv) => argv[0] === 'apt-get'));
    await elapse(machine, 45_000);
    expect(await patient).toMatchObject({ exitCode: 0 });
  });

  test('runs a plain script, and a multipart with a config and a script', async () => {
    const script = '#!/bin/bash\necho ran > /var/lib/ran\n';
    const multipart = [
      'Content-Type: multipart/mixed; boundary="==b=="',
      'MIME-Version: 1.0',
      '',
      '--==b==',
      'Content-Type: text/cloud-config; charset="us-ascii"',
      '',
      CONFIG,
      '--==b==',
      'Content-Type: text/x-shellscript',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(script).toString('base64'),
      '--==b==--',
      '',
    ].join('\n');
    for (const userData of [script, multipart]) {
      const machine = testMachine({ userData });
      await machine.powerOn();
      expect(await until(() => machine.readFile('/var/lib/ran'))).toBe('ran\n');
      expect((await machine.readFile('/etc/tool/config')) === 'hello\n').toBe(userData === multipart);
    }
  });

  test('says that it failed when what it was given makes no sense, or a command fails', async () => {
    for (const userData of ['#cloud-config\n{', '#cloud-config\nruncmd: 5\n', 'nonsense', '#!/bin/sh\nexit 3\n']) {
      const machine = testMachine({ userData });
      await machine.powerOn();
      const { client } = await connectWhenUp(machine);
      expect(await run(client, 'cloud-init status --wait')).toMatchObject({ exitCode: 1 });
    }
  });

  test('has nothing to do at the second boot', async () => {
    const machine = testMachine({ userData: '#!/bin/sh\necho x >> /var/lib/runs\n' });
    await machine.powerOn();
    await until(() => machine.readFile('/var/lib/cloud/instance/boot-finished'));
    await machine.reboot();
    const { client } = await connectWhenUp(machine);
    expect((await run(client, 'cloud-init status; cat /var/lib/runs')).stdout).toBe('status: done\nx\n');
  });
});

describe('user data', () => {
  test('what is asked for the host key is read', () => {
    const data = parseUserData(
      '#cloud-config\nssh_deletekeys: true\nssh_genkeytypes: []\nssh_keys: {ed25519_private: P, ed25519_public: Q}',
    );
    expect(data).toMatchObject({
      hostKey: { privateKey: 'P', publicKey: 'Q' },
      deletesKeys: true,
      generatesEd25519: false,
      mistakes: [],
    });
  });

  test('none at all is no mistake', () => {
    expect(parseUserData(undefined).mistakes).toEqual([]);
    expect(parseUserData('\n').mistakes).toEqual([]);
  });
});
