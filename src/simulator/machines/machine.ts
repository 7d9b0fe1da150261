import type { Clock } from '../clock.ts';

/** What the cloud hands to a machine when it is created. One machine is one instance: its own address, sshd and filesystem. */
export interface MachineSpec {
  readonly instanceId: string;
  /** A loopback address of its own, 127.x.y.z. */
  readonly address: string;
  /** The port its sshd listens on. 22 needs privileges on the host, so every machine of a simulator shares another one. */
  readonly sshPort: number;
  readonly hostname: string;
  readonly region: string;
  readonly instanceType: string;
  /** As `uname -m` says it. */
  readonly architecture: 'x86_64' | 'aarch64';
  readonly gpus: readonly MachineGpu[];
  /** Whether its image brings NVIDIA's driver. Default: where it has GPUs. */
  readonly withDriver?: boolean;
  /** OpenSSH public keys that may log in as `ubuntu`. */
  readonly authorizedKeys: readonly string[];
  /** The cloud-init user data of the launch, as sent. */
  readonly userData?: string;
  readonly faults: MachineFaults;
  readonly clock: Clock;
  /** A number of this machine's own, from the simulator's seed: everything random on it derives from this. */
  readonly seed: number;
  readonly log: MachineLog;
}

export interface MachineGpu {
  /** `GPU-` and a dashed UUID. */
  readonly uuid: string;
  /** As nvidia-smi names it: `NVIDIA H100 80GB HBM3`. */
  readonly name: string;
  readonly memoryMiB: number;
  /** What CUDA answers on it now: 0, or for example 802 (system not yet initialized). */
  readonly cudaError: number;
}

/** Whether NVIDIA's driver is installed, working or not. */
export function hasDriver({ gpus, withDriver = gpus.length > 0, faults }: MachineSpec): boolean {
  return withDriver && faults.nvidiaSmi !== 'missing';
}

/** How this machine misbehaves. Everything absent means: it behaves. Times in simulated milliseconds since power-on. */
export interface MachineFaults {
  /** sshd is not up before this. Until then connections are refused (or time out, where `silent`). */
  readonly sshAfterMs?: number;
  readonly sshSilent?: boolean;
  /** sshd shows the image's own host key until cloud-init has run at this time. Default: cloud-init runs when sshd comes up. */
  readonly cloudInitAfterMs?: number;
  /** How long `cloud-init status --wait` takes after it has started. */
  readonly cloudInitTakesMs?: number;
  /** The image ignores user data: its own host key stays. */
  readonly ignoresUserData?: boolean;
  /** "Permission denied" for the right key until this time. */
  readonly keyAcceptedAfterMs?: number;
  /** The n-th SSH connection (from 0) is cut after so many milliseconds; what it started detached runs on. */
  readonly dropConnections?: readonly { readonly connection: number; readonly afterMs: number }[];
  /** The n-th SSH connection hangs without an error: it stays open and nothing comes. */
  readonly hangConnections?: readonly number[];
  /** The same in the middle: the n-th SSH connection falls silent after so many milliseconds. */
  readonly hangConnectionsAfter?: readonly { readonly connection: number; readonly afterMs: number }[];
  /** The same at a stage: once the banner of the n-th SSH connection is sent, its user logged in, or a command of it started. */
  readonly hangConnectionsAt?: readonly {
    readonly connection: number;
    readonly stage: 'banner' | 'authentication' | 'command';
  }[];
  /** sshd sends its banner only so long after it took a connection. */
  readonly bannerAfterMs?: number;
  /** Until this time another machine has the address: with a host key of its own, and knowing none of our keys. */
  readonly strangerUntilMs?: number;
  /** Commands whose text contains `match` exit with `exitCode` (1 unless told) the first `times` times (always unless told). */
  readonly failCommands?: readonly {
    readonly match: string;
    readonly exitCode?: number;
    readonly stderr?: string;
    readonly times?: number;
  }[];
  /** Reboots by itself at this time: connections drop, detached jobs die, the boot id changes, /tmp is empty, address stays. */
  readonly rebootAtMs?: number;
  /** An image without systemd: no systemctl, no journalctl, and nothing starts at boot. */
  readonly noSystemd?: boolean;
  /** logind ends all that a connection has started when that is over (KillUserProcesses=yes), detached or not. */
  readonly endsSessions?: boolean;
  /** From this time on the disk takes nothing more but what fits into blocks that files already have. /run and /dev are no disk. */
  readonly diskFullAtMs?: number;
  /** 'missing': no driver is installed, neither nvidia-smi nor libcuda; 'broken': both are there, and cannot talk to the driver. */
  readonly nvidiaSmi?: 'missing' | 'broken';
  /** The image has no python3. */
  readonly python?: 'missing';
}

/** What a machine reports to the simulator's record, for the oracles. */
export interface MachineLog {
  connection(event: {
    readonly kind: 'connected' | 'authenticated' | 'rejected' | 'closed';
    readonly detail?: string;
  }): void;
  /** One command as it was sent over SSH (never what came on stdin), and how it ended. */
  command(event: { readonly command: string; readonly stdinBytes: number; readonly exitCode?: number }): void;
  /** A process was started on the machine, with the arguments its process list would show. */
  process(event: { readonly argv: readonly string[] }): void;
}

export interface Machine {
  readonly spec: MachineSpec;
  /** Changes at each boot, as /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** Power on. Resolves when the machine is running; sshd follows by the spec's faults. */
  powerOn(): Promise<void>;
  /** The host takes it away: connections reset, port closed, every process (an agent too) gone. Idempotent. */
  powerOff(): Promise<void>;
  reboot(): Promise<void>;
  /** Reads a file of the machine as root; undefined when there is none. For tests. */
  readFile(path: string): Promise<string | undefined>;
  /** argv of the processes that run now. For tests. */
  processes(): readonly (readonly string[])[];
}
