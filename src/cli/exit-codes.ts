import { CommanderError } from 'commander';
import { ConfigurationError } from '../config.ts';
import {
  CapacityUnavailableError,
  ConfigurationError as ClientConfigurationError,
  InvalidRequestError,
  NameConflictError,
  NodeNotFoundError,
  NoWorkerError,
  ProvisionCancelledError,
  ProvisioningError,
  TemporalUnreachableError,
} from '../sdk/index.ts';
import { InterruptedError } from './interrupted.ts';
import { PersonNeededError } from './person-needed.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes, so that scripts can tell apart what they would do differently. */
export const EXIT_CODE = {
  done: 0,
  unexpected: 1,
  usage: 2,
  capacityUnavailable: 3,
  failed: 4,
  nameConflict: 5,
  nodeNotFound: 6,
  noAnswer: 7,
  personNeeded: 8,
  notPermitted: 9,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** The table of `--help` and the README. */
export const EXIT_CODE_MEANING: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'unexpected failure',
  2: 'wrong usage, configuration, or request (invalid_request)',
  3: 'no capacity within --wait-up-to (capacity_unavailable)',
  4: 'failed for another reason; what a failed provision had launched is ended',
  5: 'another request holds the name (name_conflict)',
  6: 'no such node (node_not_found)',
  7: 'Temporal or its worker does not answer',
  8: 'done, and a person should look: doctor found something wrong, or a sweep was stopped, could not judge an instance, or found an owner in trouble',
  9: 'setup could not do everything: an administrator has to carry out what it shows',
  130: 'interrupted; what was asked for goes on',
};

export function exitCodeOf(error: unknown): ExitCode {
  // Help and version are told by an "error", too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.usage;
  if (error instanceof InterruptedError) return EXIT_CODE.interrupted;
  if (error instanceof PersonNeededError) return error.exitCode ?? EXIT_CODE.personNeeded;
  if (error instanceof UsageError || error instanceof ConfigurationError) return EXIT_CODE.usage;
  if (error instanceof InvalidRequestError || error instanceof ClientConfigurationError) return EXIT_CODE.usage;
  if (error instanceof CapacityUnavailableError) return EXIT_CODE.capacityUnavailable;
  if (error instanceof NameConflictError) return EXIT_CODE.nameConflict;
  if (error instanceof NodeNotFoundError) return EXIT_CODE.nodeNotFound;
  if (error instanceof ProvisioningError || error instanceof ProvisionCancelledError) return EXIT_CODE.failed;
  if (error instanceof NoWorkerError || error instanceof TemporalUnreachableError) return EXIT_CODE.noAnswer;
  return EXIT_CODE.unexpected;
}

/** For the end of `--help`. */
export function exitCodeHelp(): string {
  const rows = Object.entries(EXIT_CODE_MEANING).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}`);
  return `\nExit codes:\n${rows.join('\n')}\n`;
}
