import { parentOf } from '../files/paths.ts';
import { ROOT } from '../files/file-tree.ts';
import { unlessAborted } from '../io/wait.ts';
import { NullFile } from '../io/null-file.ts';
import { findProgram, runProgram } from '../processes/programs.ts';
import { findGroup, findUser } from '../processes/users.ts';
import type { System } from '../system.ts';
import { parseUserData } from './user-data.ts';
import type { UserData } from './user-data.ts';

/** Written when everything is done; a later boot finds it and does nothing again. */
export const BOOT_FINISHED = '/var/lib/cloud/instance/boot-finished';
const OUTPUT_LOG = '/var/log/cloud-init-output.log';
const SCRIPTS = '/var/lib/cloud/instance/scripts';

export type CloudInitStatus = 'not started' | 'running' | 'done' | 'error';

/** cloud-init of one boot: host keys first, then files, then commands and scripts as root. */
export class CloudInit {
  readonly #system: System;
  readonly #finished: Promise<void>;
  #finish: () => void = () => undefined;
  status: CloudInitStatus = 'not started';

  constructor(system: System) {
    this.#system = system;
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** The user data as it counts here: none, where the image ignores it. */
  get userData(): UserData {
    const { spec } = this.#system;
    return parseUserData(spec.faults.ignoresUserData === true ? undefined : spec.userData);
  }

  /** Resolves when it is done, in whatever way. */
  finished(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#finished, signal);
  }

  /** A boot after the first: there is nothing to do. */
  skip(): void {
    this.status = 'done';
    this.#finish();
  }

  /**
   * @param takesMs how long it takes at least
   * @param useHostKey called with the private key that sshd is to show from now on
   */
  async run(takesMs: number, useHostKey: (privateKey: string) => void, off: AbortSignal): Promise<void> {
    const { clock, files } = this.#system;
    this.status = 'running';
    const earliest = clock.now() + takesMs;
    const data = this.userData;
    for (const mistake of data.mistakes) this.#log(`[WARNING]: ${mistake}`);
    if (data.hostKey !== undefined) {
      this.#writeHostKey(data.hostKey);
      useHostKey(data.hostKey.privateKey);
    }
    this.#addAuthorizedKeys(data.authorizedKeys);
    this.#writeFiles(data);
    const commands = [
      ...(data.commands.length === 0 ? [] : [['runcmd', `#!/bin/sh\n${data.commands.join('\n')}\n`] as const]),
      ...data.scripts.map((text, index) => [`part-${String(index + 1).padStart(3, '0')}`, text] as const),
    ];
    let failed = data.mistakes.length > 0;
    for (const [name, text] of commands) failed = !(await this.#runScript(name, text, off)) || failed;
    if (clock.now() < earliest) await clock.sleep(earliest - clock.now(), off);
    files.makeDirectory(parentOf(BOOT_FINISHED), ROOT, true);
    files.writeFile(BOOT_FINISHED, ROOT, `${new Date(clock.now()).toISOString()}\n`);
    this.status = failed ? 'error' : 'done';
    this.#finish();
  }

  #writeHostKey(key: NonNullable<UserData['hostKey']>): void {
    const { files } = this.#system;
    files.writeFile('/etc/ssh/ssh_host_ed25519_key', ROOT, key.privateKey, 0o600);
    if (key.publicKey !== undefined) files.writeFile('/etc/ssh/ssh_host_ed25519_key.pub', ROOT, key.publicKey);
  }

  #addAuthorizedKeys(keys: readonly string[]): void {
    if (keys.length === 0) return;
    const path = '/home/ubuntu/.ssh/authorized_keys';
    const before = Buffer.from(this.#system.files.readFile(path, ROOT)).toString('utf8');
    this.#system.files.writeFile(path, ROOT, `${before}${keys.join('\n')}\n`);
  }

  #writeFiles(data: UserData): void {
    const { files } = this.#system;
    for (const file of data.files) {
      files.makeDirectory(parentOf(file.path), ROOT, true);
      const before = file.append && files.exists(file.path, ROOT) ? files.readFile(file.path, ROOT) : Buffer.alloc(0);
      files.writeFile(file.path, ROOT, Buffer.concat([before, file.content]), 0o600);
      files.changeMode(file.path, ROOT, file.mode);
      const [user = 'root', group = user] = file.owner.split(':');
      const owner = findUser(user);
      const gid = findGroup(group);
      if (owner !== undefined)
        files.changeOwner(file.path, ROOT, { uid: owner.uid, ...(gid === undefined ? {} : { gid }) });
    }
  }

  async #runScript(name: string, text: string, off: AbortSignal): Promise<boolean> {
    const { files, processes } = this.#system;
    const path = `${SCRIPTS}/${name}`;
    files.makeDirectory(SCRIPTS, ROOT, true);
    files.writeFile(path, ROOT, text, 0o700);
    files.changeMode(path, ROOT, 0o700);
    const input = new NullFile();
    const output = files.open(OUTPUT_LOG, ROOT, { append: true, create: true });
    const process = processes.spawn(
      {
        argv: [path],
        env: new Map([
          ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin'],
          ['HOME', '/root'],
        ]),
        files: new Map([
          [0, input],
          [1, output],
          [2, output],
        ]),
      },
      (started) => {
        const found = findProgram(started, path);
        return found.kind === 'found' ? runProgram(started, path, [path]) : started.fail(`${path}: ${found.text}`, 126);
      },
    );
    input.release();
    output.release();
    return (await unlessAborted(process.exited, off)) === 0;
  }

  #log(message: string): void {
    const file = this.#system.files.open(OUTPUT_LOG, ROOT, { append: true, create: true });
    file.write(Buffer.from(`${message}\n`), new AbortController().signal).catch((error: unknown) => {
      throw error;
    });
    file.release();
  }
}
