import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { RateLimiter, type RateLimits } from './rate-limits.ts';

/** An account of the simulated cloud, as a test asks for it. */
export interface AccountSpec {
  readonly name: string;
  readonly apiKeys: readonly string[];
  readonly sshKeys?: readonly SshKeySpec[];
  readonly fileSystems?: readonly FileSystemSpec[];
  /** How many instances may be booting, active, unhealthy or terminating at once (§8.17). Default: no limit. */
  readonly quota?: number;
  /** What a 403 on every request says (§8.22). */
  readonly blocked?: 'account-inactive' | 'invalid-address';
}

export interface SshKeySpec {
  readonly name: string;
  /** One OpenSSH line. */
  readonly publicKey: string;
}

export interface FileSystemSpec {
  readonly name: string;
  readonly region: string;
}

export interface RegisteredSshKey extends SshKeySpec {
  readonly id: string;
}

export interface FileSystem extends FileSystemSpec {
  readonly id: string;
  readonly createdAt: number;
}

/** One account: whose keys open what, and its own rate limits. */
export class Account {
  readonly name: string;
  readonly apiKeys: Set<string>;
  readonly sshKeys: RegisteredSshKey[] = [];
  readonly fileSystems: readonly FileSystem[];
  readonly limiter: RateLimiter;
  quota: number;
  blocked: AccountSpec['blocked'];
  #keysAdded = 0;

  constructor(spec: AccountSpec, options: { readonly clock: Clock; readonly limits: RateLimits | 'off' }) {
    this.name = spec.name;
    this.apiKeys = new Set(spec.apiKeys);
    for (const key of spec.sshKeys ?? []) this.addSshKey(key);
    this.fileSystems = (spec.fileSystems ?? []).map((system) => ({
      ...system,
      id: objectId(spec.name, 'file system', system.name),
      createdAt: options.clock.now(),
    }));
    this.quota = spec.quota ?? Infinity;
    this.blocked = spec.blocked;
    this.limiter = new RateLimiter(options.clock, options.limits);
  }

  /** A key deleted and added again is another key, with another id. */
  addSshKey(key: SshKeySpec): RegisteredSshKey {
    const registered = { ...key, id: objectId(this.name, 'ssh key', this.#keysAdded++) };
    this.sshKeys.push(registered);
    return registered;
  }
}

/** 32 hex digits, the form of every id but an image's. The same words give the same id. */
export function objectId(...words: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);
}
