import type { SshConnection, SshRunResult } from '../clients/ssh/index.ts';
import { shellQuote } from '../clients/ssh/index.ts';
import { AGENT_ENVIRONMENT_FILE, agentSteps, commandSteps, renderScript, STEP_MARK } from '../domain/bootstrap-plan.ts';
import { lookUntil } from './activity-loop.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import { connectHost } from './connect-host.ts';
import type { BootstrapInput } from './types.ts';

// The script runs detached on the machine, in a directory of its launch. Everything about it is in files there, so any worker can go on
// watching it over a new connection, and starting it is harmless however often it is repeated:
//   script    what to run          run    the runner: takes `begun`, or leaves at once when somebody has it
//   begun     a directory: mkdir is the lock that is taken once
//   pid       of the runner        log    its output        exit   its exit code, written last

const DIRECTORY = '/var/lib/navarch-provisioner';

/** Lines of the log that go into a failure. */
const LOG_LINES = 100;

interface State {
  /** `none`: not begun. `died`: begun, no exit code, and its process is gone (a reboot, or killed). */
  readonly kind: 'none' | 'running' | 'exited' | 'died';
  readonly exitCode: number;
  readonly log: string;
}

/** Runs the bootstrap script of a launch once, and watches it to its end. */
export async function runBootstrap(
  dependencies: ActivityDependencies,
  input: BootstrapInput,
): Promise<{ seconds: number; bootId: string }> {
  const { looks, agent } = dependencies;
  const startedAt = performance.now();
  const token = await agent.authToken();
  const redact = (text: string): string => (token === undefined ? text : text.replaceAll(token, '[redacted]'));
  const files = filesOf(dependencies, input);
  const directory = `${DIRECTORY}/${input.host.launchToken}`;

  const session = new Session(dependencies, input);
  let started = false;
  let state: State | undefined;
  let trouble = 'not connected yet';
  try {
    return await lookUntil({
      everyMs: looks.hostMs,
      details: () => ({
        step: currentStep(state?.log),
        seconds: seconds(startedAt),
        lastLines: lastLines(redact(state?.log ?? ''), 3),
        trouble,
      }),
      timeUp: () =>
        final(
          'bootstrap_failed',
          `the bootstrap script did not end in time (${state === undefined ? trouble : `step: ${currentStep(state.log)}`})`,
          logDetails(),
        ),
      look: async (signal) => {
        const connection = await session.connection(signal);
        if (connection === undefined) {
          trouble = session.trouble;
          return undefined;
        }
        if (!started) {
          const failed = await deliver(connection, directory, files, token, signal);
          if (failed !== undefined) {
            trouble = failed;
            session.drop();
            return undefined;
          }
          started = true;
        }
        const result = await connection.run(watchCommand(directory), { signal, timeoutMs: 15_000 });
        state = readState(result) ?? state;
        if (result.kind !== 'exited') {
          trouble = result.reason;
          session.drop();
          return undefined;
        }
        trouble = '';
        if (state?.kind === 'died')
          throw final(
            'bootstrap_failed',
            `the bootstrap script was cut off (step: ${currentStep(state.log)}): the machine rebooted, or it was killed`,
            logDetails(),
          );
        if (state?.kind !== 'exited') return undefined;
        if (state.exitCode === 0) return { seconds: seconds(startedAt), bootId: '' };
        const last = lastLines(redact(state.log), 1)[0] ?? 'no output';
        throw final(
          'bootstrap_failed',
          `the bootstrap script failed with exit code ${state.exitCode} (step: ${currentStep(state.log)}): ${last}`,
          logDetails(),
        );
      },
    });
  } finally {
    session.drop();
  }

  function logDetails(): { readonly lastLines: readonly string[] } {
    return { lastLines: lastLines(redact(state?.log ?? ''), LOG_LINES) };
  }
}

/** A connection that is made again when it was lost. */
class Session {
  readonly #dependencies: ActivityDependencies;
  readonly #input: BootstrapInput;
  #connection: SshConnection | undefined;
  trouble = '';

  constructor(dependencies: ActivityDependencies, input: BootstrapInput) {
    this.#dependencies = dependencies;
    this.#input = input;
  }

  async connection(signal: AbortSignal): Promise<SshConnection | undefined> {
    if (this.#connection !== undefined) return this.#connection;
    const result = await connectHost(this.#dependencies, this.#input.host, signal);
    if (result.kind === 'connected') this.#connection = result.connection;
    else this.trouble = result.reason;
    return this.#connection;
  }

  drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

function filesOf({ agent }: ActivityDependencies, input: BootstrapInput): { readonly script: string } {
  const variables = {
    controlPlane: agent.controlPlaneUrl,
    pool: input.pool ?? '',
    nodeId: input.nodeId,
    provider: 'lambda',
    region: input.region,
    instanceType: input.instanceType,
  };
  const steps =
    input.commands === undefined
      ? agentSteps(agent.downloadUrl, variables)
      : commandSteps(
          input.commands.map((c) => (typeof c === 'string' ? c : c.run)),
          variables,
        );
  return { script: renderScript(steps) };
}

/** Puts the files there and starts the runner. Returns what went wrong, or undefined. Safe to repeat. */
async function deliver(
  connection: SshConnection,
  directory: string,
  files: { readonly script: string },
  token: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const quoted = shellQuote(directory);
  const secrets = token === undefined ? '' : `NAVARCH_AUTH_TOKEN=${environmentValue(token)}\n`;
  const steps: readonly (() => Promise<SshRunResult>)[] = [
    () => connection.run(`sudo -n sh -c 'umask 077 && mkdir -p ${quoted} /etc/navarch'`, { signal }),
    () => connection.upload(AGENT_ENVIRONMENT_FILE, secrets, { mode: 0o600, sudo: true, signal }),
    () => connection.upload(`${directory}/script`, files.script, { mode: 0o700, sudo: true, signal }),
    () => connection.upload(`${directory}/run`, runner(directory), { mode: 0o700, sudo: true, signal }),
    () => connection.run(startCommand(directory), { signal }),
  ];
  for (const step of steps) {
    const result = await step();
    if (result.kind !== 'exited') return result.reason;
    if (result.exitCode !== 0)
      return `the script could not be delivered: ${result.stderr.trim() || `exit code ${result.exitCode}`}`;
  }
  return undefined;
}

/** As systemd reads it: in double quotes where it is more than plain characters. A token has no line breaks: HTTP headers could not carry it. */
function environmentValue(value: string): string {
  return /^[\w.~+/=:@-]+$/.test(value) ? value : `"${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
}

function runner(directory: string): string {
  const d = shellQuote(directory);
  return `#!/usr/bin/env bash
mkdir ${d}/begun 2>/dev/null || exit 0
echo $$ > ${d}/pid
bash ${d}/script > ${d}/log 2>&1 < /dev/null
echo $? > ${d}/exit.part
mv -f ${d}/exit.part ${d}/exit
`;
}

/** setsid and the redirections let go of the session: the runner lives on when the connection does not. */
function startCommand(directory: string): string {
  return `sudo -n sh -c ${shellQuote(`setsid nohup bash ${shellQuote(directory)}/run >/dev/null 2>&1 </dev/null &`)}`;
}

/** One line with the state, then the log's tail. An exit code that appears between two questions is asked for last. */
function watchCommand(directory: string): string {
  const d = shellQuote(directory);
  const script = `if [ -e ${d}/exit ]; then echo "exited $(cat ${d}/exit)"
elif [ ! -e ${d}/begun ]; then echo "none 0"
elif [ ! -s ${d}/pid ] || kill -0 "$(cat ${d}/pid)" 2>/dev/null; then echo "running 0"
elif [ -e ${d}/exit ]; then echo "exited $(cat ${d}/exit)"
else echo "died 0"; fi
tail -n ${LOG_LINES} ${d}/log 2>/dev/null || true`;
  return `sudo -n sh -c ${shellQuote(script)}`;
}

function readState(result: SshRunResult): State | undefined {
  if (result.kind !== 'exited' || result.exitCode !== 0) return undefined;
  const [first = '', ...log] = result.stdout.split('\n');
  const match = /^(none|running|exited|died) (\d+)$/.exec(first.trim());
  if (match === null) return undefined;
  return { kind: match[1] as State['kind'], exitCode: Number(match[2]), log: log.join('\n') };
}

function currentStep(log: string | undefined): string {
  const titles = (log ?? '').split('\n').filter((line) => line.startsWith(STEP_MARK));
  return titles.at(-1)?.slice(STEP_MARK.length) ?? 'before the first step';
}

function lastLines(log: string, count: number): readonly string[] {
  return log
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}

function seconds(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 100) / 10;
}
