import { createHash } from 'node:crypto';
import { Bash, InMemoryFs } from 'just-bash';
import type { Machine, MachineSpec } from './machine.ts';
import { imageHostKey } from './sshd/host-key.ts';
import { SshDaemon } from './sshd/ssh-daemon.ts';
import type { CommandFiles } from './sshd/ssh-session.ts';

/** A machine, switched off. See `Machine` for what it can do. */
export function createMachine(spec: MachineSpec): Machine {
  return new SimulatedMachine(spec);
}

class SimulatedMachine implements Machine {
  readonly spec: MachineSpec;
  readonly #sshd: SshDaemon;
  readonly #shell = new Bash({ fs: new InMemoryFs(), cwd: '/', defenseInDepth: false });
  #boots = 0;
  #off: AbortController | undefined;

  constructor(spec: MachineSpec) {
    this.spec = spec;
    this.#sshd = new SshDaemon({
      address: spec.address,
      port: spec.sshPort,
      user: 'ubuntu',
      authorizedKeys: () => spec.authorizedKeys,
      run: (command, files) => this.#run(command, files),
      log: spec.log,
    });
  }

  get bootId(): string {
    const hex = createHash('sha256').update(`boot ${this.spec.seed} ${this.#boots}`).digest('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  }

  powerOn(): Promise<void> {
    this.#boots += 1;
    const off = new AbortController();
    this.#off = off;
    const key = imageHostKey(this.spec.seed, this.spec.hostname).privateKey;
    this.spec.clock.after(this.spec.faults.sshAfterMs ?? 0, () => {
      if (!off.signal.aborted) this.#sshd.start(key).catch(() => undefined);
    });
    return Promise.resolve();
  }

  async powerOff(): Promise<void> {
    this.#off?.abort(new Error('powered off'));
    await this.#sshd.stop();
  }

  async reboot(): Promise<void> {
    await this.powerOff();
    await this.powerOn();
  }

  async readFile(path: string): Promise<string | undefined> {
    return (await this.#shell.fs.exists(path)) ? this.#shell.fs.readFile(path) : undefined;
  }

  processes(): readonly (readonly string[])[] {
    return [];
  }

  async #run(command: string, files: CommandFiles): Promise<number> {
    files.stdin.release();
    const never = new AbortController().signal;
    const result = await this.#shell.exec(command, { rawScript: true });
    await files.stdout.write(Buffer.from(result.stdout), never);
    await files.stderr.write(Buffer.from(result.stderr), never);
    files.stdout.release();
    files.stderr.release();
    return result.exitCode;
  }
}
