import type { Client } from '@temporalio/client';
import type { LambdaClient } from '../clients/lambda/index.ts';
import type { NavarchClient } from '../clients/navarch/index.ts';
import { GPU_LOOK_GAP_MS, KEPT_LOOK_MS } from '../domain/deadlines.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import type { Caps } from '../domain/grants.ts';
import type { Pace } from './pacer.ts';

/** How often each wait looks, in milliseconds. */
export interface LookIntervals {
  /** For capacity, while somebody waits for it: windows of 84 s have been seen. */
  readonly capacityMs: number;
  /** At the fleet while a boot may end any moment. */
  readonly nearMs: number;
  /** At the fleet while something boots that takes its time. */
  readonly bootMs: number;
  /** At the fleet while something is terminating; also of one that ends an instance it does not own. */
  readonly endMs: number;
  /** At the fleet while nothing is expected of it. */
  readonly keptMs: number;
  /** At a machine that does not answer over SSH yet, a running script, or Navarch: none of these is Lambda's budget. */
  readonly hostMs: number;
  /** At GPUs that were seen not to work. */
  readonly gpuMs: number;
  /** A credential that is refused for so long is refused for good: keys are being placed while a machine boots, and tokens exchanged. */
  readonly graceMs: number;
  /** A node that Navarch does not know for so long has been forgotten: an agent registers within a second of its start. */
  readonly forgottenMs: number;
}

export const DEFAULT_LOOKS: LookIntervals = {
  capacityMs: 5 * SECOND,
  nearMs: 2_200,
  bootMs: 10 * SECOND,
  endMs: 15 * SECOND,
  keptMs: KEPT_LOOK_MS,
  hostMs: 500,
  gpuMs: GPU_LOOK_GAP_MS,
  graceMs: 2 * MINUTE,
  forgottenMs: 30 * SECOND,
};

/** What the activities reach the world with. Secrets are functions: they are read when used, and rotated without a restart (P8). */
export interface ActivityDependencies {
  readonly lambda: LambdaClient;
  readonly navarch: NavarchClient;
  readonly temporal: Client;
  /** Name of the Lambda account, as in the task queues; undefined is the default one. */
  readonly account: string | undefined;
  /** UUID of the Temporal namespace: goes into the tags of every instance. */
  readonly namespaceId: string;
  readonly ssh: {
    /** First the private key whose public half Lambda puts on the machines; then those that it replaced not long ago. */
    readonly privateKeys: () => Promise<readonly string[]>;
    /** From which each launch's SSH host key is derived. */
    readonly hostKeySecret: () => Promise<string>;
    readonly username: string;
    readonly port: number;
  };
  readonly defaults: {
    readonly sshKeyName: string | undefined;
    readonly imageFamily: string | undefined;
  };
  readonly agent: {
    /** Where `navarch-node-linux-amd64` and `-arm64` are. */
    readonly downloadUrl: string;
    /** Navarch's control plane as the machines reach it. */
    readonly controlPlaneUrl: string;
    readonly authToken: () => Promise<string | undefined>;
    /** Of the two files, in lower-case hex digits; what is not known is not checked. */
    readonly sha256: { readonly amd64?: string; readonly arm64?: string };
  };
  /** A secret for a caller's own bootstrap commands, by its name; undefined: the worker holds none of it. */
  readonly bootstrapSecret: (name: string) => Promise<string | undefined>;
  readonly looks: LookIntervals;
  readonly pace: Pace;
  /** Of the account, at a grant. */
  readonly caps: Caps;
}
