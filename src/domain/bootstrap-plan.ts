import { parseDuration } from './durations.ts';
import { quote } from './shell-quoting.ts';

/** Of a secret that the worker holds for bootstrap commands: it becomes an environment variable of that name. */
export const BOOTSTRAP_SECRET_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** What Navarch's bootstrap templates may refer to (`{{.NodeID}}` and so on). */
export interface BootstrapVariables {
  readonly controlPlane: string;
  readonly pool: string;
  readonly nodeId: string;
  readonly provider: string;
  readonly region: string;
  readonly instanceType: string;
}

const VARIABLES: ReadonlyMap<string, keyof BootstrapVariables> = new Map([
  ['ControlPlane', 'controlPlane'],
  ['Pool', 'pool'],
  ['NodeID', 'nodeId'],
  ['Provider', 'provider'],
  ['Region', 'region'],
  ['InstanceType', 'instanceType'],
]);

const TEMPLATE = /\{\{(.*?)\}\}/gs;
const REFERENCE = /^\s*\.(\w+)\s*$/;

/** Template expressions of a command that Navarch does not know, as written; empty when the command can be rendered. */
export function unknownVariables(command: string): string[] {
  return [...command.matchAll(TEMPLATE)]
    .filter(([, inner]) => fieldOf(inner ?? '') === undefined)
    .map(([whole]) => whole);
}

export function templateVariables(): string[] {
  return [...VARIABLES.keys()].map((name) => `{{.${name}}}`);
}

/** The command with each variable's value put in, quoted for a POSIX shell. */
export function renderCommand(command: string, variables: BootstrapVariables): string {
  return command.replaceAll(TEMPLATE, (whole: string, inner: string) => {
    const field = fieldOf(inner);
    return field === undefined ? whole : quote(variables[field]);
  });
}

function fieldOf(inner: string): keyof BootstrapVariables | undefined {
  return VARIABLES.get(REFERENCE.exec(inner)?.[1] ?? '');
}

/** One thing to do on the machine: a bash of its own, run as root with `set -euo pipefail`, so nothing but files carries over to the next. */
export interface BootstrapStep {
  /** Shown while it runs. One line. */
  readonly title: string;
  /** Shell text. */
  readonly run: string;
  /** It may be run once more when it failed, and begun again when the machine rebooted in its midst. */
  readonly repeatable: boolean;
  /** It is ended, and has failed, after so long on the machine's own clock. */
  readonly timeoutMs: number;
}

/** A caller's own command, as the contract has it. */
export type BootstrapCommand =
  | string
  | {
      readonly run: string;
      readonly title?: string | undefined;
      readonly repeatable?: boolean | undefined;
      readonly timeout?: string | undefined;
    };

/**
 * The caller's own commands, one step each, in order: what one of them exits with, leaves unquoted or does not close is its own affair, and
 * never makes the rest be skipped unnoticed, as with Navarch's own bootstrap.
 *
 * @param stepMs of a command that sets no time of its own
 */
export function commandSteps(
  commands: readonly BootstrapCommand[],
  variables: BootstrapVariables,
  stepMs: number,
): BootstrapStep[] {
  return commands.map((command, index) => {
    const { run, title, repeatable, timeout } = typeof command === 'string' ? { run: command } : command;
    return {
      title: title ?? `command ${index + 1} of ${commands.length}`,
      run: renderCommand(run, variables),
      repeatable: repeatable ?? false,
      timeoutMs: (timeout === undefined ? undefined : parseDuration(timeout)) ?? stepMs,
    };
  });
}

/** Where secrets for the agent are put before the script runs: root-only, delivered over stdin, never on a command line (P8). */
export const AGENT_ENVIRONMENT_FILE = '/etc/navarch/agent.env';

/** What keeps the agent running where there is no systemd: takes `start`, `stop`, `restart` and `check`. Not there otherwise. */
export const AGENT_SUPERVISOR = '/usr/local/lib/navarch/supervise-navarch-node';

/** For root: ends the agent so that it does not come back, whatever keeps it running; harmless where there is none. */
export const STOP_AGENT_COMMAND = `sh -c 'if [ -x ${AGENT_SUPERVISOR} ]; then ${AGENT_SUPERVISOR} stop; fi; if [ -d /run/systemd/system ]; then systemctl disable --now navarch-node; fi'`;

/** For root: the agent begins anew, and so registers again, also where it had ended. Its exit code is 0 if it was started. */
export const RESTART_AGENT_COMMAND = `sh -c 'if [ -x ${AGENT_SUPERVISOR} ]; then exec ${AGENT_SUPERVISOR} restart; fi; exec systemctl restart navarch-node'`;

/** For root: its exit code is 0 if the agent runs. */
export const CHECK_AGENT_COMMAND = `sh -c 'if [ -x ${AGENT_SUPERVISOR} ]; then exec ${AGENT_SUPERVISOR} check; fi; exec systemctl is-active --quiet navarch-node'`;
