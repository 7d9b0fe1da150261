import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { ROOT } from '../files/file-tree.ts';
import { refuse } from './program-kit.ts';

/** How long things take on a machine with a mirror nearby. */
const UPDATE_MS = 8_000;
const INSTALL_MS_PER_PACKAGE = 4_000;
const LOCK_WAIT_MS = 1_000;
const LOCK = '/var/lib/dpkg/lock-frontend';
const INSTALLED = '/var/lib/dpkg/simulated-installed';

/**
 * `apt-get update` and `install`: they take their time and remember what was installed; a package's programs do not come with it
 * unless the machine has them already. While cloud-init runs, the lock is held, as on a fresh machine.
 */
export const aptGet: Program = async (process, args) => {
  const { clock, files, cloudInit } = process.system;
  const [verb = 'help', ...packages] = args.filter(
    (arg) => !arg.startsWith('-') && !/^(Dpkg|DPkg|APT|Acquire)::/.test(arg),
  );
  const lockTimeout = /DPkg::Lock::Timeout=(-?\d+)/i.exec(args.join(' '))?.[1];
  if (process.user.uid !== 0) {
    return process.fail(
      `E: Could not open lock file ${LOCK} - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (${LOCK}), are you root?`,
      100,
    );
  }
  const until =
    clock.now() + (lockTimeout === undefined ? 0 : Number(lockTimeout) < 0 ? Infinity : Number(lockTimeout) * 1000);
  while (cloudInit.status === 'running' && !isOfCloudInit(process)) {
    if (clock.now() >= until) {
      return process.fail(
        `E: Could not get lock ${LOCK}. It is held by process 1012 (apt-get)\nE: Unable to acquire the dpkg frontend lock (${LOCK}), is another process using it?`,
        100,
      );
    }
    await clock.sleep(LOCK_WAIT_MS, process.signal);
  }
  switch (verb) {
    case 'update':
      await clock.sleep(UPDATE_MS, process.signal);
      await process.print('Reading package lists... Done\n');
      return 0;
    case 'install':
    case 'upgrade':
    case 'dist-upgrade':
    case 'remove':
    case 'purge':
    case 'autoremove':
    case 'clean':
      await process.print('Reading package lists... Done\nBuilding dependency tree... Done\n');
      for (const name of packages) {
        await clock.sleep(INSTALL_MS_PER_PACKAGE, process.signal);
        if (verb === 'install') {
          files.writeFile(
            INSTALLED,
            ROOT,
            `${installed(files.exists(INSTALLED, ROOT) ? files.readFile(INSTALLED, ROOT) : '')}${name}\n`,
          );
          await process.print(`Setting up ${name} ...\n`);
        }
      }
      return 0;
    default:
      return refuse(process, `E: Invalid operation ${verb}`, 100);
  }
};

/** cloud-init's own scripts are those who hold the lock. */
function isOfCloudInit(process: Process): boolean {
  if (process.argv.some((word) => word.startsWith('/var/lib/cloud/'))) return true;
  return process.parent !== undefined && isOfCloudInit(process.parent);
}

function installed(content: Uint8Array | string): string {
  return Buffer.from(content).toString('utf8');
}

/** `dpkg --print-architecture`, `dpkg -s NAME`. */
export const dpkg: Program = async (process, args) => {
  const { spec, files } = process.system;
  if (args.includes('--print-architecture')) {
    await process.print(spec.architecture === 'x86_64' ? 'amd64\n' : 'arm64\n');
    return 0;
  }
  const name = args.find((arg) => !arg.startsWith('-')) ?? '';
  const known = files.exists(INSTALLED, ROOT) ? installed(files.readFile(INSTALLED, ROOT)).split('\n') : [];
  if (!known.includes(name))
    return process.fail(`dpkg-query: package '${name}' is not installed and no information is available`);
  await process.print(`Package: ${name}\nStatus: install ok installed\n`);
  return 0;
};
