import { CUDA_VERSION } from '../commands/nvidia-smi.ts';
import { KERNEL_RELEASE } from '../commands/identity.ts';
import { IMAGE_PROGRAMS } from '../commands/programs.ts';
import { NullFile } from '../io/null-file.ts';
import { pipeOf } from '../io/pipe.ts';
import { ownProgram } from '../processes/programs.ts';
import { UBUNTU_USER, USERS } from '../processes/users.ts';
import { imageHostKey } from '../sshd/host-key.ts';
import { hasDriver, type MachineSpec } from '../machine.ts';
import type { System } from '../system.ts';
import { DirectoryInode, DeviceInode } from './inode.ts';
import { FileTree, ROOT } from './file-tree.ts';
import { RandomFile } from './random-file.ts';
import { removeTree } from './file-copy.ts';

const PROGRAM_FILES: ReadonlyMap<string, string> = new Map(IMAGE_PROGRAMS.map((name) => [name, ownProgram(name)]));
const OS_RELEASE = `PRETTY_NAME="Ubuntu 22.04.5 LTS"
NAME="Ubuntu"
VERSION_ID="22.04"
VERSION="22.04.5 LTS (Jammy Jellyfish)"
VERSION_CODENAME=jammy
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=jammy
`;

const DIRECTORIES: readonly (readonly [path: string, mode: number])[] = [
  ['/usr/local/bin', 0o755],
  ['/usr/local/sbin', 0o755],
  ['/usr/local/cuda', 0o755],
  ['/usr/sbin', 0o755],
  ['/usr/share', 0o755],
  ['/etc/systemd/system/multi-user.target.wants', 0o755],
  ['/etc/ssh', 0o755],
  ['/etc/default', 0o755],
  ['/lib/systemd/system', 0o755],
  ['/root', 0o700],
  ['/home/ubuntu', 0o750],
  ['/opt', 0o755],
  ['/srv', 0o755],
  ['/mnt', 0o755],
  ['/run/lock', 0o1777],
  ['/run/systemd/system', 0o755],
  ['/var/log', 0o755],
  ['/var/lib/cloud/instance', 0o755],
  ['/var/lib/dpkg', 0o755],
  ['/var/tmp', 0o1777],
  ['/tmp', 0o1777],
  ['/dev/shm', 0o1777],
  ['/proc/sys/kernel/random', 0o555],
];

/** The files of a machine that was never switched on: Lambda's Ubuntu image, as far as scripts look at it. */
export function createImage(spec: MachineSpec, now: () => number, isFull: () => boolean): FileTree {
  const tree = new FileTree(now, isFull);
  const programs = programsOf(spec);
  tree.mount('/usr/bin', new DirectoryInode({ mode: 0o755, uid: 0, gid: 0, mtimeMs: now() }, programs));
  for (const [path, mode] of DIRECTORIES) {
    tree.makeDirectory(path, ROOT, true);
    tree.changeMode(path, ROOT, mode);
  }
  if (spec.faults.noSystemd === true) removeTree(tree, '/run/systemd', ROOT);
  tree.makeLink('usr/bin', '/bin', ROOT);
  tree.makeLink('usr/sbin', '/sbin', ROOT);
  tree.writeFile('/etc/hostname', ROOT, `${spec.hostname}\n`);
  tree.writeFile('/etc/hosts', ROOT, `127.0.0.1 localhost\n127.0.1.1 ${spec.hostname}\n`);
  tree.writeFile('/etc/os-release', ROOT, OS_RELEASE);
  tree.writeFile('/etc/machine-id', ROOT, `${spec.instanceId}\n`);
  tree.writeFile('/usr/local/cuda/version.json', ROOT, `{"cuda":{"version":"${CUDA_VERSION}"}}\n`);
  const accounts = USERS.map((user) => `${user.name}:x:${user.uid}:${user.gid}::${user.home}:/bin/bash\n`);
  tree.writeFile('/etc/passwd', ROOT, accounts.join(''));
  tree.writeFile('/etc/shadow', ROOT, 'root:*:19000:0:99999:7:::\n', 0o600);
  tree.writeFile('/var/log/cloud-init-output.log', ROOT, '');
  const hostKey = imageHostKey(spec.seed, spec.hostname);
  tree.writeFile('/etc/ssh/ssh_host_ed25519_key', ROOT, hostKey.privateKey, 0o600);
  tree.writeFile('/etc/ssh/ssh_host_ed25519_key.pub', ROOT, hostKey.publicKey);
  tree.makeDirectory('/home/ubuntu/.ssh', ROOT, false, 0o700);
  tree.writeFile(
    '/home/ubuntu/.ssh/authorized_keys',
    ROOT,
    spec.authorizedKeys.map((key) => `${key}\n`).join(''),
    0o600,
  );
  for (const path of ['/home/ubuntu', '/home/ubuntu/.ssh', '/home/ubuntu/.ssh/authorized_keys']) {
    tree.changeOwner(path, ROOT, UBUNTU_USER);
  }
  return tree;
}

function programsOf(spec: MachineSpec): ReadonlyMap<string, string> {
  const missing = [
    ...(hasDriver(spec) ? [] : ['nvidia-smi']),
    ...(spec.faults.python === 'missing' ? ['python3'] : []),
    ...(spec.faults.noSystemd === true ? ['journalctl', 'systemctl', 'systemd-run'] : []),
  ];
  return missing.length === 0 ? PROGRAM_FILES : new Map([...PROGRAM_FILES].filter(([name]) => !missing.includes(name)));
}

/** What a boot does to the files: /tmp, /run and /dev/shm begin empty, and the kernel's own files answer for this boot. */
export function prepareForBoot(tree: FileTree, system: System): void {
  for (const path of ['/tmp', '/dev/shm', '/run/lock']) {
    for (const name of tree.list(path, ROOT)) removeTree(tree, `${path}/${name}`, ROOT);
  }
  const device = (path: string, mode: number, open: ConstructorParameters<typeof DeviceInode>[1]): void => {
    tree.mount(path, new DeviceInode({ mode, uid: 0, gid: 0, mtimeMs: system.bootedAtMs }, open));
  };
  const kernelFile = (path: string, text: () => string): void => {
    device(path, 0o444, () => pipeOf(Buffer.from(text())));
  };
  device('/dev/null', 0o666, () => new NullFile());
  device('/dev/zero', 0o666, () => new RandomFile(() => 0));
  for (const path of ['/dev/random', '/dev/urandom']) device(path, 0o666, () => new RandomFile(() => system.random()));
  kernelFile('/proc/sys/kernel/random/boot_id', () => `${system.bootId}\n`);
  kernelFile('/proc/uptime', () => {
    const seconds = ((system.clock.now() - system.bootedAtMs) / 1000).toFixed(2);
    return `${seconds} ${seconds}\n`;
  });
  kernelFile('/proc/version', () => `Linux version ${KERNEL_RELEASE} (simulated)\n`);
  kernelFile('/proc/cmdline', () => 'root=/dev/vda1 ro console=ttyS0\n');
  kernelFile('/proc/loadavg', () => '0.10 0.10 0.10 1/400 2000\n');
  kernelFile(
    '/proc/meminfo',
    () => 'MemTotal:       231990648 kB\nMemFree:        228734304 kB\nMemAvailable:   228201920 kB\n',
  );
  kernelFile('/proc/cpuinfo', () => 'processor\t: 0\n');
}
