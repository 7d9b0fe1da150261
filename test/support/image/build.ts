import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { execa } from 'execa';
import { readDockerfile, type Stage, type Step } from './dockerfile.ts';

// What `docker build` would do, without a container engine: each stage is a folder, and its steps are carried out in it. It is not the
// image's own Debian and Node but this machine's, and a command reaches the stage's files by relative paths only.

export interface Image {
  readonly stage: Stage;
  /** The folder that stands for the image's root. */
  readonly root: string;
  /** Within it, where its processes start. */
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

interface Built {
  readonly root: string;
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function buildImage(repository: string): Promise<Image> {
  const folder = await mkdtemp(join(tmpdir(), 'image-'));
  await chmod(folder, 0o755); // for the image's user
  const context = join(folder, 'context');
  await copyContext(repository, context);
  const stages = await readDockerfile(join(repository, 'Dockerfile'));
  const built = new Map<string, Promise<Built>>();
  // Side by side where they do not need each other, as BuildKit does it.
  for (const stage of stages) built.set(stage.name, carryOut(stage, { folder, context, repository, built }));
  const stage = stages.at(-1);
  if (stage === undefined) throw new Error('the Dockerfile has no stage');
  try {
    const last = await built.get(stage.name);
    if (last === undefined) throw new Error('unreachable: it was just set');
    return { stage, ...last, remove: () => rm(folder, { recursive: true }) };
  } catch (error) {
    await Promise.allSettled(built.values());
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** What of the repository is sent to the builder. */
async function copyContext(repository: string, context: string): Promise<void> {
  const rules = dockerignore
    .default({ ignorecase: false })
    .add(await readFile(join(repository, '.dockerignore'), 'utf8'));
  await mkdir(context);
  const { stdout } = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
  });
  for (const path of rules.filter(stdout.split('\n'))) {
    await cp(join(repository, path), join(context, path), { recursive: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // deleted, and not committed yet
    });
  }
}

interface Surroundings {
  readonly folder: string;
  readonly context: string;
  readonly repository: string;
  readonly built: ReadonlyMap<string, Promise<Built>>;
}

async function carryOut(stage: Stage, surroundings: Surroundings): Promise<Built> {
  const root = join(surroundings.folder, stage.name);
  await mkdir(root);
  let workdir = '/';
  const environment: Record<string, string> = {};
  for (const step of stage.steps) {
    if (step.do === 'env') environment[step.name] = step.value;
    else if (step.do === 'workdir') {
      workdir = step.path;
      await mkdir(join(root, workdir), { recursive: true });
    } else if (step.do === 'copy') await copy(step, join(root, workdir), surroundings);
    else await runStep(step.command, join(root, workdir), surroundings);
  }
  return { root, workdir, environment };
}

async function copy(
  { from, paths, to }: Extract<Step, { do: 'copy' }>,
  workdir: string,
  { context, built }: Surroundings,
): Promise<void> {
  const source = from === undefined ? context : (await built.get(from))?.root;
  if (source === undefined) throw new Error(`COPY --from=${from ?? ''}: there is no such stage before`);
  const intoFolder = paths.length > 1 || to.endsWith('/');
  for (const path of paths) {
    const found = join(source, path);
    if ((await stat(found)).isDirectory()) {
      // Its content is copied, not itself. As hard links: nothing changes the files of an earlier stage.
      await mkdir(join(workdir, to), { recursive: true });
      await execa('cp', ['-al', `${found}/.`, join(workdir, to)]);
    } else {
      const target = join(workdir, to, intoFolder ? basename(path) : '');
      await mkdir(dirname(target), { recursive: true });
      await cp(found, target);
    }
  }
}

/** The full installation is what this repository has already, if it was made of the same lockfile: that spares a minute. */
const FULL_INSTALLATION = 'npm ci --ignore-scripts';

async function runStep(command: string, cwd: string, { repository }: Surroundings): Promise<void> {
  if (/(^|[\s'"=])\/(?!dev\/null)/.test(command)) throw new Error(`RUN reaches out of its folder: ${command}`);
  if (command === FULL_INSTALLATION && (await sharesInstallation(repository, cwd))) return;
  const env = { npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false' };
  await execa('sh', ['-c', command], { cwd, env });
}

async function sharesInstallation(repository: string, cwd: string): Promise<boolean> {
  const [ours, theirs] = await Promise.all(
    [repository, cwd].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8')),
  );
  if (ours !== theirs) return false;
  const copied = await execa('cp', ['-al', join(repository, 'node_modules'), cwd], { reject: false });
  if (copied.exitCode === 0) return true;
  await rm(join(cwd, 'node_modules'), { recursive: true, force: true }); // another file system has no hard links to this one
  return false;
}
