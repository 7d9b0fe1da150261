import type { Account } from '../account.ts';
import type { InstanceTypeSpec, RegionSpec } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Cloud } from '../cloud.ts';
import type { Operation } from '../faults/request-faults.ts';
import type { RequestDraft } from '../record.ts';
import type { Answer } from './answer.ts';
import type { Image } from './images.ts';
import type { WireOptions } from './wire.ts';

/** One admitted request: the key is known, the limits are kept. */
export interface Call {
  readonly account: Account;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON body; undefined when there was none. */
  readonly body: unknown;
  readonly record: RequestDraft;
}

/** What the endpoints work on. */
export interface World {
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly types: readonly InstanceTypeSpec[];
  readonly regions: readonly RegionSpec[];
  readonly images: readonly Image[];
  readonly wire: WireOptions;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Under /api/v1. */
  readonly path: string;
  readonly operation: Operation;
  /** The name of the one instance it concerns, for rules with `matchName`. */
  instanceName?(call: Call): string | undefined;
  handle(call: Call): Answer | Promise<Answer>;
}
