import { Boot } from './boot.ts';
import { BOOT_FINISHED } from './cloud-init/cloud-init.ts';
import type { CommandFailures } from './failing-commands.ts';
import { FileError } from './files/file-error.ts';
import type { FileTree } from './files/file-tree.ts';
import { ROOT } from './files/file-tree.ts';
import { createImage } from './files/image.ts';
import type { Machine, MachineSpec } from './machine.ts';
import { runProgram } from './processes/programs.ts';
import { UBUNTU_USER } from './processes/users.ts';
import { imageHostKey } from './sshd/host-key.ts';
import { SshDaemon } from './sshd/ssh-daemon.ts';
import type { ConnectionHandle } from './sshd/ssh-daemon.ts';
import type { CommandFiles } from './sshd/ssh-session.ts';
import { Journal } from './systemd/journal.ts';

/** From the reset to sshd, where no fault says otherwise. The first boot has its own times in `MachineFaults`. */
const REBOOT_MS = 20_000;

/** A machine, switched off. See `Machine` for what it can do, `MachineFaults` for how it can fail, README.md for how it is kept apart. */
export function createMachine(spec: MachineSpec): Machine {
  return new SimulatedMachine(spec);
}

class SimulatedMachine implements Machine {
  readonly spec: MachineSpec;
  readonly #files: FileTree;
  readonly #journal: Journal;
  readonly #failures: CommandFailures;
  readonly #sshd: SshDaemon;
  #boots = 0;
  #boot: Boot | undefined;
  #off = new AbortController();
  #firstOnMs = 0;
  /** Powering on, off and rebooting happen one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(spec: MachineSpec) {
    this.spec = spec;
    const fullAtMs = spec.faults.diskFullAtMs;
    this.#files = createImage(
      spec,
      () => spec.clock.now(),
      () => fullAtMs !== undefined && this.#boots > 0 && spec.clock.now() - this.#firstOnMs >= fullAtMs,
    );
    this.#journal = new Journal(spec.clock);
    this.#failures = { rules: spec.faults.failCommands ?? [], used: new Map() };
    this.#sshd = new SshDaemon({
      address: spec.address,
      port: spec.sshPort,
      user: UBUNTU_USER.name,
      authorizedKeys: () => this.#authorizedKeys(),
      onConnection: (connection) => this.#trouble(connection),
      onStage: (connection, stage) => {
        const silences = spec.faults.hangConnectionsAt ?? [];
        if (silences.some((silence) => silence.connection === connection.number && silence.stage === stage)) {
          connection.hang();
        }
      },
      beforeBanner: (send) => {
        if (spec.faults.bannerAfterMs === undefined) send();
        else spec.clock.after(spec.faults.bannerAfterMs, send);
      },
      run: (command, files, over) => this.#login(command, files, over),
      log: spec.log,
    });
  }

  get bootId(): string {
    return this.#boot?.bootId ?? '';
  }

  powerOn(): Promise<void> {
    return this.#change(() => {
      if (this.#boot === undefined) this.#start();
      return Promise.resolve();
    });
  }

  powerOff(): Promise<void> {
    return this.#change(() => this.#stop());
  }

  reboot(): Promise<void> {
    return this.#change(async () => {
      if (this.#boot === undefined) return;
      await this.#stop();
      this.#start();
    });
  }

  readFile(path: string): Promise<string | undefined> {
    try {
      return Promise.resolve(Buffer.from(this.#files.readFile(path, ROOT)).toString('utf8'));
    } catch (error) {
      if (error instanceof FileError) return Promise.resolve(undefined);
      throw error;
    }
  }

  processes(): readonly (readonly string[])[] {
    return this.#boot?.processes.running.map((process) => process.argv) ?? [];
  }

  #change(action: () => Promise<void>): Promise<void> {
    this.#changing = this.#changing.then(action);
    return this.#changing;
  }

  #start(): void {
    this.#boots += 1;
    this.#off = new AbortController();
    if (this.#boots === 1) this.#firstOnMs = this.spec.clock.now();
    const boot = new Boot(
      {
        spec: this.spec,
        files: this.#files,
        journal: this.#journal,
        failures: this.#failures,
        // The machine asks from within: whoever asked is ended by it, so nobody waits for the answer.
        reboot: () => void this.reboot().catch((error: unknown) => this.#note(error)),
        powerOff: () => void this.powerOff().catch((error: unknown) => this.#note(error)),
      },
      this.#boots,
    );
    this.#boot = boot;
    const off = this.#off.signal;
    this.#comeUp(boot, off).catch((error: unknown) => {
      if (!off.aborted) this.#note(error);
    });
    this.#rebootByItself(off);
  }

  async #stop(): Promise<void> {
    this.#off.abort(new Error('the machine was switched off'));
    const boot = this.#boot;
    this.#boot = undefined;
    boot?.end();
    await this.#sshd.stop();
  }

  /** sshd first, then cloud-init on the first boot, then the services that are enabled. */
  async #comeUp(boot: Boot, off: AbortSignal): Promise<void> {
    const { clock, faults } = this.spec;
    const first = this.#boots === 1;
    const strangerMs = first ? (faults.strangerUntilMs ?? 0) : 0;
    if (strangerMs > 0) {
      await this.#sshd.start(imageHostKey(this.spec.seed + 1, 'stranger').privateKey);
      await clock.sleep(strangerMs, off);
      await this.#sshd.stop();
    }
    const sshAfterMs = first ? Math.max((faults.sshAfterMs ?? 0) - strangerMs, 0) : REBOOT_MS;
    if (faults.sshSilent === true && first && sshAfterMs > 0) await this.#sshd.startSilent();
    if (sshAfterMs > 0) await clock.sleep(sshAfterMs, off);
    await this.#sshd.stop();
    if (this.#files.exists(BOOT_FINISHED, ROOT)) {
      await this.#sshd.start(this.#hostKey());
      boot.cloudInit.skip();
    } else {
      await this.#firstBoot(boot, off, strangerMs + sshAfterMs);
    }
    if (this.spec.faults.noSystemd !== true) await boot.services.startEnabled();
  }

  async #firstBoot(boot: Boot, off: AbortSignal, sshAfterMs: number): Promise<void> {
    const { clock, faults } = this.spec;
    const wait = (faults.cloudInitAfterMs ?? sshAfterMs) - sshAfterMs;
    const { hostKey } = boot.cloudInit.userData;
    const pinnedFirst = wait <= 0 && hostKey !== undefined;
    await this.#sshd.start(pinnedFirst ? hostKey.privateKey : this.#hostKey());
    if (wait > 0) await clock.sleep(wait, off);
    await boot.cloudInit.run(
      faults.cloudInitTakesMs ?? 0,
      (privateKey) => {
        if (!pinnedFirst) this.#sshd.restart(privateKey);
      },
      off,
    );
  }

  #rebootByItself(off: AbortSignal): void {
    const { clock, faults } = this.spec;
    const wait = (faults.rebootAtMs ?? -1) - (clock.now() - this.#firstOnMs);
    if (wait < 0) return;
    clock.after(wait, () => {
      if (!off.aborted) this.reboot().catch((error: unknown) => this.#note(error));
    });
  }

  #hostKey(): string {
    return Buffer.from(this.#files.readFile('/etc/ssh/ssh_host_ed25519_key', ROOT)).toString('utf8');
  }

  #authorizedKeys(): readonly string[] {
    const { clock, faults } = this.spec;
    const refusedMs = Math.max(faults.keyAcceptedAfterMs ?? 0, faults.strangerUntilMs ?? 0);
    if (clock.now() - this.#firstOnMs < refusedMs) return [];
    const path = '/home/ubuntu/.ssh/authorized_keys';
    if (!this.#files.exists(path, ROOT)) return [];
    const lines = Buffer.from(this.#files.readFile(path, ROOT)).toString('utf8').split('\n');
    return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  }

  #trouble(connection: ConnectionHandle): void {
    const { clock, faults } = this.spec;
    const { number } = connection;
    if (faults.hangConnections?.includes(number) === true) connection.hang();
    for (const silence of faults.hangConnectionsAfter ?? []) {
      if (silence.connection === number) clock.after(silence.afterMs, () => connection.hang());
    }
    for (const drop of faults.dropConnections ?? []) {
      if (drop.connection === number) clock.after(drop.afterMs, () => connection.cut());
    }
  }

  /** A command that came over SSH: the user's login shell runs it, as sshd has it. */
  #login(command: string, files: CommandFiles, over: AbortSignal): Promise<number> {
    const boot = this.#boot;
    const release = (): void => {
      for (const file of [files.stdin, files.stdout, files.stderr]) file.release();
    };
    if (boot === undefined) {
      release();
      return Promise.resolve(255);
    }
    const process = boot.processes.spawn(
      {
        argv: ['bash', '-c', command],
        scope: over,
        user: UBUNTU_USER,
        cwd: UBUNTU_USER.home,
        env: new Map([
          ['USER', UBUNTU_USER.name],
          ['LOGNAME', UBUNTU_USER.name],
          ['HOME', UBUNTU_USER.home],
          [
            'PATH',
            '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin',
          ],
          ['SHELL', '/bin/bash'],
          ['LANG', 'C.UTF-8'],
        ]),
        files: new Map([
          [0, files.stdin],
          [1, files.stdout],
          [2, files.stderr],
        ]),
      },
      (login) => runProgram(login, '/bin/bash', ['bash', '-c', command]),
    );
    release();
    if (this.spec.faults.endsSessions === true) {
      over.addEventListener('abort', () => boot.processes.killScope(over), { once: true });
    }
    return process.exited;
  }

  /** What went wrong in the simulator itself, where a test can see it: the machine's journal. */
  #note(error: unknown): void {
    const message = `defect of the simulator: ${String(error)}`;
    this.#journal.add({ unit: '', identifier: 'simulator', pid: 0, message, bootId: this.bootId });
  }
}
