import { SEARCH_ATTRIBUTE_TYPES } from '../contract/search-attributes.ts';
import { sweepScheduleId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS, SWEEP_TIMEOUT_MS } from '../domain/deadlines.ts';
import { quote } from '../domain/shell-quoting.ts';
import type { DeploymentVersion } from '../deployment-version.ts';
import type { NexusEndpointTarget } from '../nexus-endpoint.ts';

// What somebody with more rights types in our place. Temporal Cloud lets no client of a namespace administer it: there it is done with tcld.

/** Where a command is to be carried out. */
export interface Place {
  /** host:port of Temporal. */
  readonly address: string;
  readonly namespace: string;
}

/** Created with room to spare: an owner whose end Temporal has forgotten is one that the sweeper cannot judge. */
const RETENTION_DAYS = 30;

export function isCloud({ address }: Place): boolean {
  return /\.(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/.test(address);
}

export function namespaceCommand(place: Place): string {
  return isCloud(place)
    ? line('tcld namespace create', ['namespace', place.namespace], ['retention-days', String(RETENTION_DAYS)])
    : line('temporal operator namespace create', ...at(place), ['retention', `${RETENTION_DAYS}d`]);
}

/** One command a type: the `temporal` command line gives all names of a command the same. */
export function searchAttributeCommands(place: Place, names: readonly string[]): readonly string[] {
  if (isCloud(place)) {
    const attributes = names.map((name) => ['search-attribute', `${name}=${typeOf(name)}`] as const);
    return [line('tcld namespace search-attributes add', ['namespace', place.namespace], ...attributes)];
  }
  const types = [...new Set(names.map(typeOf))];
  return types.map((type) =>
    line(
      'temporal operator search-attribute create',
      ...at(place),
      ['type', type],
      ...names.filter((name) => typeOf(name) === type).map((name) => ['name', name] as const),
    ),
  );
}

export function removeSearchAttributeCommand(place: Place, name: string): string {
  return line('temporal operator search-attribute remove', ...at(place), ['name', name]);
}

/** A Schedule is changed by being made anew: the command line's update would need the same flags. */
export function scheduleCommand(
  place: Place,
  { account, taskQueue, verb }: { account: string | undefined; taskQueue: string; verb: 'create' | 'update' },
): string {
  const id = sweepScheduleId(account);
  const minutes = `${SWEEP_INTERVAL_MS / 60_000}m`;
  return line(
    `temporal schedule ${verb}`,
    ...at(place),
    ['schedule-id', id],
    ['interval', minutes],
    ['type', WORKFLOW_TYPE.sweepOrphans],
    ['workflow-id', id],
    ['task-queue', taskQueue],
    ['input', '{}'],
    ['overlap-policy', 'Skip'],
    ['catchup-window', minutes],
    ['execution-timeout', `${SWEEP_TIMEOUT_MS / 60_000}m`],
  );
}

export function unpauseCommand(place: Place, scheduleId: string): string {
  return `${line('temporal schedule toggle', ...at(place), ['schedule-id', scheduleId])} --unpause`;
}

export function setCurrentVersionCommand(place: Place, { deploymentName, buildId }: DeploymentVersion): string {
  return line(
    'temporal worker deployment set-current-version',
    ...at(place),
    ['deployment-name', deploymentName],
    ['build-id', buildId],
  );
}

export function nexusEndpointCommand(
  place: Place,
  { name, namespace, taskQueue }: NexusEndpointTarget,
  verb: 'create' | 'update',
): string {
  const target = [
    ['name', name],
    ['target-namespace', namespace],
    ['target-task-queue', taskQueue],
  ] as const;
  if (!isCloud(place)) return line(`temporal operator nexus endpoint ${verb}`, ['address', place.address], ...target);
  const command = line(`tcld nexus endpoint ${verb}`, ...target);
  return verb === 'create' ? `${command} --allow-namespace <namespace of a caller>` : command;
}

function typeOf(name: string): string {
  return SEARCH_ATTRIBUTE_TYPES[name] ?? 'Keyword';
}

function at({ address, namespace }: Place): readonly (readonly [string, string])[] {
  return [
    ['address', address],
    ['namespace', namespace],
  ];
}

function line(command: string, ...flags: readonly (readonly [name: string, value: string])[]): string {
  return [command, ...flags.map(([name, value]) => `--${name} ${quote(value)}`)].join(' ');
}
