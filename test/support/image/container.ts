import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import type { Image } from './build.ts';

// Runs a command of the image as a container engine would: as the image's user, as process 1 of its own process namespace, with nothing of
// our environment, and nothing to write to but the folders that are mounted. Taking a namespace needs root: without it, as we are.

export interface Mount {
  /** In the image. */
  readonly path: string;
  readonly writable: boolean;
}

export interface ContainerOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Instead of the image's. */
  readonly entrypoint?: readonly string[];
  readonly volumes?: readonly Mount[];
}

export interface Container {
  readonly stdout: Readable;
  /** What it wrote on both. */
  readonly ended: Promise<{ readonly exitCode: number | undefined; readonly all: string }>;
  /** As `docker stop` does first. */
  stop(): Promise<void>;
}

export const canConfine = process.platform === 'linux' && process.getuid?.() === 0;

export function startContainer(image: Image, options: ContainerOptions): Container {
  const { entrypoint = image.stage.entrypoint, command = image.stage.command, volumes = [] } = options;
  const inImage = (path: string): string =>
    path.replaceAll(/(?<![\w.])\/app(?=\/|$|:|")/g, join(image.root, image.workdir));
  const values = { ...image.environment, ...options.environment };
  // This machine's Node stands for the image's.
  values['PATH'] = inImage(values['PATH'] ?? '').replace('$PATH', process.env['PATH'] ?? '');
  const environment = Object.entries(values).map(([name, value]) => `${name}=${inImage(value)}`);
  const cwd = join(image.root, image.workdir);
  const argv = ['env', '-i', ...environment, ...[...entrypoint, ...command].map(inImage)];
  const confined = canConfine ? confine(argv, image, volumes) : argv;
  const child = execa(confined[0] ?? '', confined.slice(1), {
    cwd,
    all: true,
    reject: false,
    stdin: 'ignore',
    ...(canConfine ? { env: { FOLDER: cwd } } : {}),
  });
  const { pid } = child;
  return {
    stdout: child.stdout,
    ended: child.then(({ exitCode, all }) => ({ exitCode, all })),
    async stop() {
      if (pid === undefined) throw new Error('it did not start');
      process.kill(canConfine ? await onlyChildOf(pid) : pid, image.stage.stopSignal);
    },
  };
}

/** Runs it to its end. */
export async function runContainer(
  image: Image,
  options: ContainerOptions,
): Promise<{ exitCode: number | undefined; all: string }> {
  return startContainer(image, options).ended;
}

function confine(argv: readonly string[], image: Image, volumes: readonly Mount[]): readonly string[] {
  const user = image.stage.user ?? '';
  if (!/^\d+:\d+$/.test(user)) throw new Error(`USER ${user}: must be given by number`);
  const [uid = '', gid = ''] = user.split(':');
  const mounts = volumes.map(({ path }) => join(image.root, path));
  const script = [
    ...mounts.map((path) => `mount --bind "${path}" "${path}"`),
    ...volumes.flatMap(({ writable }, index) =>
      writable ? [] : [`mount -o remount,bind,ro "${mounts[index] ?? ''}"`],
    ),
    'mount -o remount,bind,ro /',
    'cd "$FOLDER"',
    `exec setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"`,
  ].join('\n');
  return ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-euc', script, 'sh', ...argv];
}

/** `unshare` waits for process 1 of the namespace, and passes no signal on. */
async function onlyChildOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}
