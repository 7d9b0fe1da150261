import { describe, expect, test } from 'vitest';
import type ssh2 from 'ssh2';
import { connectWhenUp, run, testMachine } from './machine-support.ts';

async function loggedIn(): Promise<ssh2.Client> {
  const machine = testMachine();
  await machine.powerOn();
  return (await connectWhenUp(machine)).client;
}

describe("ubuntu's rights and root's", () => {
  test.each([
    ['echo x > /usr/local/bin/tool'],
    ['cat > /etc/tool'],
    ['mkdir /opt/tool'],
    ['rm /etc/hostname'],
    ['mv /etc/hostname /tmp/'],
    ['cp /etc/hostname /usr/local/bin/'],
    ['touch /usr/bin/bash'],
    ['tee /etc/hostname'],
    ['cat /etc/shadow'],
    ['ls /root'],
    ['install -m 0755 /etc/hostname /usr/local/bin/tool'],
    ['chmod 777 /tmp'],
    ['echo x >> /etc/hosts'],
    ['curl -fsS -o /usr/local/bin/tool http://127.0.0.1:1/'],
  ])('without sudo this is refused: %s', async (command) => {
    const client = await loggedIn();
    const ran = await run(client, command);
    expect(ran.exitCode).not.toBe(0);
    if (!command.startsWith('curl')) expect(ran.stderr).toMatch(/Permission denied|Operation not permitted/);
    expect((await run(client, 'hostname; cat /etc/hostname; test -e /usr/local/bin/tool')).stdout).toBe(
      '192-0-2-7\n192-0-2-7\n',
    );
  });

  test('sudo makes it possible, in a clean environment, and what it makes belongs to root', async () => {
    const client = await loggedIn();
    const ran = await run(
      client,
      `export SECRET=s; sudo -n sh -c 'echo x > /usr/local/bin/tool; echo "[$SECRET] $USER $HOME"'
       sudo -E sh -c 'echo "[$SECRET]"'; sudo SECRET=t sh -c 'echo "[$SECRET]"'
       stat -c '%U:%G %a' /usr/local/bin/tool; sudo -u nobody whoami; sudo install -o ubuntu -m 0700 /dev/null /etc/mine; stat -c '%U %a' /etc/mine`,
    );
    expect(ran.stdout).toBe('[] root /root\n[s]\n[t]\nroot:root 644\nnobody\nubuntu 700\n');
  });

  test('a file that only root may read is closed to ubuntu, whatever reads it', async () => {
    const client = await loggedIn();
    await run(client, 'sudo sh -c "umask 077; cat > /etc/token"', 'hunter2');
    for (const command of [
      'cat /etc/token',
      'head -c1 /etc/token',
      'cp /etc/token x',
      'bash /etc/token',
      'x=$(</etc/token)',
    ]) {
      const ran = await run(client, command);
      expect(ran).toMatchObject({ stdout: '' });
      expect(ran.stderr).toContain('Permission denied');
    }
    expect((await run(client, 'grep -r hunter /etc 2>/dev/null; sed p /etc/token')).stdout).not.toContain('hunter2');
    expect((await run(client, 'sudo cat /etc/token; sudo stat -c %a /etc/token')).stdout).toBe('hunter2600\n');
  });

  test("another's file in /tmp can be read, but not removed", async () => {
    const client = await loggedIn();
    const ran = await run(
      client,
      'sudo touch /tmp/roots; cat /tmp/roots; rm -f /tmp/roots; test -e /tmp/roots && echo there',
    );
    expect(ran.stdout).toBe('there\n');
  });

  test("ubuntu cannot end root's processes", async () => {
    const client = await loggedIn();
    const ran = await run(
      client,
      'sudo sh -c "sleep 1000 >/dev/null 2>&1 </dev/null &"; p=$(pgrep -x sleep); kill $p; echo $?; sudo kill $p; pgrep -x sleep; echo $?',
    );
    expect(ran.stdout).toBe('1\n1\n');
    expect(ran.stderr).toContain('Operation not permitted');
  });
});

describe('the machine is kept apart from the host', () => {
  test('its files, users and processes are its own', async () => {
    const client = await loggedIn();
    const ran = await run(client, 'ls /; cat /etc/hostname; ls /work /proc/1 2>&1; ps -ef | wc -l; env');
    expect(ran.stdout).toContain('192-0-2-7');
    expect(ran.stdout).not.toContain(process.cwd());
    expect(Number(/^\d+$/m.exec(ran.stdout)?.[0])).toBeLessThan(8);
  });

  test('nothing outside 127.0.0.0/8 can be reached, not even by a redirect', async () => {
    const client = await loggedIn();
    expect(await run(client, 'curl -sS http://192.0.2.1/')).toMatchObject({ exitCode: 7 });
    expect(await run(client, 'curl -sS http://github.com/')).toMatchObject({ exitCode: 6 });
    expect(await run(client, 'wget -qO- http://10.0.0.1/')).toMatchObject({ exitCode: 4 });
  });

  test('no language of the host can be started', async () => {
    const client = await loggedIn();
    for (const name of ['node', 'perl', 'js-exec', 'sqlite3', 'ssh', '/usr/bin/node']) {
      expect((await run(client, name)).exitCode).toBe(127);
    }
    expect(await run(client, 'python3 --version')).toMatchObject({ exitCode: 0 });
    expect(await run(client, 'python3 -c "print(1)"')).toMatchObject({ exitCode: 1 });
  });
});
