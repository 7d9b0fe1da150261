import { workflowInfo } from '@temporalio/workflow';
import { parseRequest } from '../contract/parse.ts';
import type { ProvisionNodeRequest } from '../contract/provision-node.ts';
import { provisionNodeRequest } from '../contract/provision-node.ts';
import {
  CAPACITY_WAIT_MS,
  DEFAULT_DEADLINES,
  DEFAULT_MAX_LAUNCHES,
  type RequestDeadlines,
} from '../domain/deadlines.ts';
import { parseDuration } from '../domain/durations.ts';
import type { FailureType } from '../domain/failures.ts';
import type { Wishes } from '../domain/offerings.ts';
import { aboutProvision } from './about.ts';
import { Board, type BoardState } from './board.ts';
import { Inbox } from './inbox.ts';
import { Version } from './versions.ts';

/** What a provision hands its next execution when it continues as new, which it does only while it owns nothing. */
export interface Continuation {
  readonly request: ProvisionNodeRequest;
  readonly board: BoardState;
  readonly hostKeyMismatches?: number;
}

/** One provision: what was asked, resolved once, and where it stands. */
export interface Story {
  readonly request: ProvisionNodeRequest;
  readonly wishes: Wishes;
  readonly deadlines: RequestDeadlines;
  readonly maxLaunches: number;
  /** Milliseconds since the epoch. */
  readonly capacityUntil: number;
  readonly until: number | undefined;
  readonly board: Board;
  readonly inbox: Inbox;
  readonly version: Version;
  /** Machines that never showed the host key we gave them. */
  hostKeyMismatches: number;
  /** Why the last launch came to nothing. */
  lastRefusal?: { readonly type: FailureType; readonly message: string };
}

/** Throws `invalid_request` naming each field at fault. */
export function openStory(input: ProvisionNodeRequest | Continuation): Story {
  // A continuation is ours to ourselves: a newer or older version wrote it, and it was checked when it came in (P13).
  const continued = workflowInfo().continuedFromExecutionRunId === undefined ? undefined : (input as Continuation);
  const request = continued?.request ?? parseRequest(provisionNodeRequest, input);
  const { capacity, deadlines, maxPricePerHourUsd, region } = request;
  const wishes: Wishes = {
    instanceTypes: list(request.instanceType),
    ...(region === undefined ? {} : { regions: list(region) }),
    ...(maxPricePerHourUsd === undefined ? {} : { maxPriceCentsPerHour: Math.floor(maxPricePerHourUsd * 100 + 1e-6) }),
  };
  const maxLaunches = request.maxLaunches ?? DEFAULT_MAX_LAUNCHES;
  const about = aboutProvision(request, wishes, maxLaunches, workflowInfo().taskQueue);
  const board = new Board(request.name, 'accepted', about, continued?.board);
  return {
    request,
    wishes,
    deadlines: {
      addressMs: ms(deadlines?.address) ?? DEFAULT_DEADLINES.addressMs,
      sshMs: ms(deadlines?.ssh) ?? DEFAULT_DEADLINES.sshMs,
      gpuMs: ms(deadlines?.gpu) ?? DEFAULT_DEADLINES.gpuMs,
      bootstrapStepMs: ms(deadlines?.bootstrapStep) ?? DEFAULT_DEADLINES.bootstrapStepMs,
      bootstrapMs: ms(deadlines?.bootstrap) ?? DEFAULT_DEADLINES.bootstrapMs,
      activeMs: ms(deadlines?.active) ?? DEFAULT_DEADLINES.activeMs,
      registrationMs: ms(deadlines?.registration) ?? DEFAULT_DEADLINES.registrationMs,
    },
    maxLaunches,
    capacityUntil: board.requestedAt + (ms(capacity?.waitUpTo) ?? CAPACITY_WAIT_MS),
    until: deadlines?.whole === undefined ? undefined : board.requestedAt + (ms(deadlines.whole) ?? 0),
    board,
    inbox: new Inbox().takingAnswers(),
    version: new Version(),
    hostKeyMismatches: continued?.hostKeyMismatches ?? 0,
  };
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function ms(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}
