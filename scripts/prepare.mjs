// What the other scripts begin with: makes a fresh clone ready to run. Node's own modules only, since node_modules may not be there yet.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, where everything runs. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(ROOT, ...parts);
const readJson = (...parts) => JSON.parse(readFileSync(at(...parts), 'utf8'));

/** One line for the person at the terminal; on stderr, so that stdout stays the program's own. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Checks Node's version and installs the packages if they are not what package-lock.json says. */
export async function prepare() {
  requireNode();
  if (installedAsLocked()) return;
  say('installing packages (npm ci) …');
  // npm writes this file last. Without it an installation that was interrupted is known as such and done again.
  rmSync(at('node_modules', '.package-lock.json'), { force: true });
  // The log level is named because `npm run --silent` hands down its own, and a failure would say nothing.
  const code = await run('npm', ['ci', '--include=dev', '--loglevel=warn'], { onInterrupt: 'SIGKILL' });
  if (interrupted) fail('interrupted; the next run begins the installation anew', 130);
  if (code !== 0) fail(`npm ci ended with ${code}: see above; is the package registry reachable?`, code);
}

/** Compiles src to dist; quick when nothing changed. */
export async function build() {
  // tsc believes its record of the last build, even if what it built was deleted.
  if (!existsSync(at('dist'))) rmSync(at('.cache', 'tsconfig.tsbuildinfo'), { force: true });
  say('compiling (tsc) …');
  const code = await runTool('typescript/bin/tsc', ['-p', 'tsconfig.json']);
  if (code !== 0) fail('the sources do not compile: see above', code);
  await bundleWorkflows();
  if (existsSync(at('dist', 'bin.js'))) chmodSync(at('dist', 'bin.js'), 0o755);
}

/** Bundles the compiled workflows for production workers, unless the bundle is newer than all it is made of. */
async function bundleWorkflows() {
  const bundle = at('dist', 'workflow-bundle.js');
  const sources = ['workflows', 'domain', 'contract', 'payload-encryption'].flatMap((folder) =>
    readdirSync(at('dist', folder)).map((file) => at('dist', folder, file)),
  );
  const madeAt = existsSync(bundle) ? statSync(bundle).mtimeMs : 0;
  if ([...sources, at('node_modules', '.package-lock.json')].every((file) => statSync(file).mtimeMs < madeAt)) return;
  say('bundling the workflows …');
  const code = await run(process.execPath, [at('dist', 'build-workflow-bundle.js')]);
  if (code !== 0) fail('the workflows cannot be bundled: see above', code);
}

/** Runs an installed package's command line under this Node. */
export function runTool(script, args, options) {
  return run(process.execPath, [at('node_modules', ...script.split('/')), ...args], options);
}

/**
 * Runs a command in the root, on our terminal, to its end; a signal to us is passed on to it, and its end is waited for. In a terminal
 * Ctrl-C reaches it by itself. Resolves to its exit code, 128 + n for signal n.
 * @param {{ onInterrupt?: NodeJS.Signals }} options what it gets instead: npm takes half a minute to undo an installation, which
 *   nobody needs
 * @param {{ withinMs?: number, onLate?: () => void }} options after so long it is ended, and `onLate` called before
 */
export function run(command, args, { onInterrupt, withinMs, onLate } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit' });
    const pass = (signal) => {
      interrupted = true;
      if (onInterrupt !== undefined) child.kill(onInterrupt);
      else if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.on('SIGINT', pass).on('SIGTERM', pass);
    const late = withinMs === undefined ? undefined : setTimeout(() => end(child, onLate), withinMs);
    const done = (code) => {
      clearTimeout(late);
      process.off('SIGINT', pass).off('SIGTERM', pass);
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${command} could not be started: ${error.message}`);
      done(127);
    });
    child.on('exit', (code, signal) => done(code ?? 128 + (SIGNAL_NUMBER[signal] ?? 0)));
  });
}

const TERM_GRACE_MS = 20_000;

function end(child, onLate) {
  onLate?.();
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS).unref();
}

const SIGNAL_NUMBER = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
let interrupted = false;

/** Whether we were asked to end (SIGINT, SIGTERM) while a command ran: then what comes after it should not begin. */
export function wasInterrupted() {
  return interrupted;
}

/** Says why and ends. */
export function fail(line, code = 1) {
  say(line);
  process.exit(code);
}

function requireNode() {
  const wanted = /(\d+)\.(\d+)/.exec(readJson('package.json').engines.node).slice(1).map(Number);
  const found = process.versions.node.split('.').map(Number);
  if (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) return;
  fail(`Node ${wanted.join('.')} or newer is needed; this is ${process.versions.node}`);
}

/** Whether node_modules holds what package-lock.json names, by npm's own record of what it installed. */
function installedAsLocked() {
  const record = at('node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = readJson('node_modules', '.package-lock.json').packages;
  const locked = Object.entries(readJson('package-lock.json').packages);
  return locked.every(([path, wanted]) => {
    const found = installed[path];
    if (path === '' || (found === undefined && wanted.optional)) return true; // ourselves; made for another platform
    if (found?.version !== wanted.version) return false;
    return wanted.integrity === undefined || found.integrity === wanted.integrity;
  });
}
