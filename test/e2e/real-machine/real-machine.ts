import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine, MachineSpec } from '../../../src/simulator/index.ts';
import { parseUserData } from '../../../src/simulator/machines/cloud-init/user-data.ts';

const SCRIPT = fileURLToPath(new URL('machine.sh', import.meta.url));

/** What this host lacks for a real machine; undefined: nothing. */
export async function whyNoRealMachine(): Promise<string | undefined> {
  for (const program of ['/usr/sbin/sshd', '/usr/bin/sudo', '/usr/bin/python3', '/usr/bin/curl', '/usr/bin/cc']) {
    if (!existsSync(program)) return `${program} is not installed`;
  }
  const trial = spawn('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
    stdio: 'ignore',
  });
  const [status] = (await once(trial, 'exit').catch(() => [-1])) as [number];
  return status === 0 ? undefined : 'namespaces of its own are not allowed here (root is needed)';
}

/** Files by their absolute path on the machine. */
export type Image = Readonly<Record<string, { readonly text: string | Buffer; readonly mode?: number }>>;

/**
 * A machine of the simulated cloud that is none of its making: real files, processes, sudo, bash, python and OpenSSH, in namespaces of its own on this
 * host. It has no systemd. cloud-init is the one thing simulated: it sets the host key.
 */
export class RealMachine implements Machine {
  readonly spec: MachineSpec;
  bootId = '';
  readonly #image: Image;
  #folder = '';
  #process: ChildProcessWithoutNullStreams | undefined;
  /** What the machine's sshd said. */
  log = '';

  constructor(spec: MachineSpec, image: Image) {
    this.spec = spec;
    this.#image = image;
  }

  async powerOn(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'navarch-machine-'));
    for (const part of ['disk', 'root', 'image']) await mkdir(join(this.#folder, part));
    for (const [path, { text, mode = 0o644 }] of Object.entries({ ...this.#own(), ...this.#image })) {
      const file = join(this.#folder, 'image', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { mode });
    }
    const child = spawn('unshare', ['--mount', 'bash', SCRIPT, this.#folder], { stdio: 'pipe' });
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.#process = child;
    await this.reboot();
  }

  async powerOff(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  reboot(): Promise<void> {
    this.bootId = randomUUID();
    this.#process?.stdin.write(`${this.bootId}\n`);
    return Promise.resolve();
  }

  /** Through the eyes of the machine's own process: the host sees none of its mounts. */
  async readFile(path: string): Promise<string | undefined> {
    try {
      return await readFile(`/proc/${this.#process?.pid ?? ''}/root${this.#folder}/root${path}`, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  processes(): readonly (readonly string[])[] {
    return [];
  }

  /** Ends those of the machine's processes whose command line contains the text, from outside. Returns how many. */
  async kill(text: string): Promise<number> {
    const found = (await this.#running()).filter(({ line }) => line.includes(text));
    for (const { pid } of found) process.kill(pid, 'SIGKILL');
    return found.length;
  }

  /** Command lines of what runs on the machine. */
  async commandLines(): Promise<readonly string[]> {
    return (await this.#running()).map(({ line }) => line);
  }

  /** Children of the script's process, and theirs. */
  async #running(): Promise<readonly { readonly pid: number; readonly line: string }[]> {
    const all: { readonly pid: number; readonly parent: number; readonly line: string }[] = [];
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const [stat, line] = await Promise.all([textOf(`/proc/${entry}/stat`), textOf(`/proc/${entry}/cmdline`)]);
      const parent = /\) \w (\d+)/.exec(stat ?? '')?.[1];
      if (parent !== undefined) {
        all.push({ pid: Number(entry), parent: Number(parent), line: (line ?? '').replaceAll('\0', ' ').trim() });
      }
    }
    const below = (pid: number): typeof all =>
      all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
    return below(this.#process?.pid ?? -1);
  }

  #own(): Image {
    const { address, sshPort, authorizedKeys, userData, gpus } = this.spec;
    const { hostKey } = parseUserData(userData);
    if (hostKey === undefined) throw new Error('the launch gave no SSH host key');
    return {
      '/etc/ssh/machine_key': { text: hostKey.privateKey, mode: 0o600 },
      '/etc/ssh/machine_authorized_keys': { text: `${authorizedKeys.join('\n')}\n` },
      '/etc/ssh/machine_config': {
        text: [
          `ListenAddress ${address}:${sshPort}`,
          'HostKey /etc/ssh/machine_key',
          'AuthorizedKeysFile /etc/ssh/machine_authorized_keys',
          'StrictModes no',
          'UsePAM no',
          'PasswordAuthentication no',
          'AllowUsers ubuntu',
          `SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin STUB_GPUS=${gpus.length}`,
          '',
        ].join('\n'),
      },
      '/etc/sudoers.d/90-ubuntu': { text: 'ubuntu ALL=(ALL) NOPASSWD:ALL\n' },
    };
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
