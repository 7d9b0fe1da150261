import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readServerEnvironment } from '../../../src/temporal-server/environment.ts';
import { withLock } from '../../../src/temporal-server/lock.ts';

/** A program that is ready to run, or why this machine cannot run it. */
export type Program = { readonly command: string; readonly args: readonly string[] } | { readonly missing: string };

const GO_FOLDER = fileURLToPath(new URL('go/', import.meta.url));
const PYTHON_FOLDER = fileURLToPath(new URL('python/', import.meta.url));

/** Temporal's Go client takes a minute to compile, several on a busy machine; where Go has built our Temporal server, of the same versions, seconds. */
export const PREPARED_WITHIN_MS = 10 * 60_000;

/** Builds the Go program into a folder, from what its go.sum names. */
export async function goProgram(folder: string): Promise<Program> {
  const least = /^go (.+)$/m.exec(await readFile(join(GO_FOLDER, 'go.mod'), 'utf8'))?.[1] ?? '';
  const env = { GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };
  const found = await execa('go', ['env', 'GOVERSION'], { cwd: tmpdir(), env, reject: false });
  if (found.failed) return { missing: `go is not on PATH (${least} or newer is needed)` };
  const version = found.stdout.replace(/^go/, '');
  if (version.localeCompare(least, 'en', { numeric: true }) < 0) {
    return { missing: `go is ${version}; ${least} or newer is needed` };
  }
  const command = join(folder, 'provision');
  await execa('go', ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', command, '.'], {
    cwd: GO_FOLDER,
    env,
    timeout: PREPARED_WITHIN_MS,
  });
  return { command, args: [] };
}

/** Installs the Python program's packages, once per machine and requirements.txt. */
export async function pythonProgram(): Promise<Program> {
  const ready = await execa('python3', ['-c', 'import ensurepip, sys; assert sys.version_info >= (3, 10)'], {
    reject: false,
  });
  if (ready.failed) return { missing: 'python3 3.10 or newer with its venv module (python3-venv) is not on PATH' };
  const { cacheDir } = readServerEnvironment();
  const requirements = join(PYTHON_FOLDER, 'requirements.txt');
  const { stdout: version } = await execa('python3', ['--version']);
  const key = createHash('sha256')
    .update(version)
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheDir, `python-${key}`);
  const complete = join(folder, 'complete');
  await mkdir(cacheDir, { recursive: true });
  await withLock(
    `${folder}.lock`,
    () => undefined,
    async () => {
      if (await exists(complete)) return;
      await rm(folder, { recursive: true, force: true });
      await execa('python3', ['-m', 'venv', folder]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', requirements];
      await execa(join(folder, 'bin', 'python'), pip, { timeout: PREPARED_WITHIN_MS });
      await writeFile(complete, '');
    },
  );
  return { command: join(folder, 'bin', 'python'), args: [join(PYTHON_FOLDER, 'provision.py')] };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
