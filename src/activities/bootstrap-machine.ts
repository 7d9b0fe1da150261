import { shellQuote, type SshConnection, type SshRunResult } from '../clients/ssh/index.ts';
import { readRunner, type RunnerState } from '../domain/bootstrap-journal.ts';
import { AGENT_ENVIRONMENT_FILE } from '../domain/bootstrap-plan.ts';

// What is said to the machine about its bootstrap, over one connection. All of it may be said again.

/** Of the log so much is fetched at each look: its lines may be of any length. */
const LOG_BYTES = 64 * 1024;
const LOG_LINES = 100;

const LOOK_TIMEOUT_MS = 15_000;

/** A look waits for the runner to end, on the machine: so its end is seen when it comes, and not ten times in vain before. */
const WAIT_S = 5;

/** What a launch's runner is given. */
export interface Delivery {
  /** For the agent, as systemd and a shell read it. */
  readonly agentEnvironment: string;
  /** The caller's secrets, for a shell; undefined: none. */
  readonly environment: string | undefined;
  readonly runner: string;
}

/** `lost`: the connection, not the machine, had no answer. */
export type Lost = { readonly kind: 'lost'; readonly reason: string };
export type Refused = { readonly kind: 'refused'; readonly reason: string };

export interface MachineView {
  readonly kind: 'seen';
  readonly state: RunnerState;
  readonly isRunning: boolean;
  /** Why nothing can be written there; looked for once no runner runs. */
  readonly diskTrouble: string | undefined;
  readonly log: string;
  /** The log begins earlier than this, perhaps within a word. */
  readonly logIsCut: boolean;
}

/** Everything about the runner, in one round trip. */
export async function look(
  connection: SshConnection,
  directory: string,
  signal: AbortSignal,
): Promise<MachineView | Lost> {
  const result = await connection.run(lookCommand(directory), { signal, timeoutMs: LOOK_TIMEOUT_MS });
  if (result.kind !== 'exited') return { kind: 'lost', reason: result.reason };
  const [, bootId = '', at = '', isRunning = '', diskTrouble = ''] = HEAD.exec(result.stdout) ?? [];
  const journalAt = result.stdout.indexOf('\njournal\n');
  const logAt = result.stdout.indexOf('\nlog ');
  if (at === '' || journalAt < 0 || logAt < 0)
    return { kind: 'lost', reason: `the machine does not say how far it is: ${reasonOf(result)}` };
  const journal = result.stdout.slice(journalAt + '\njournal\n'.length, logAt);
  const [, size = '', log = ''] = /^\nlog (\d+)\n([\s\S]*)$/.exec(result.stdout.slice(logAt)) ?? [];
  return {
    kind: 'seen',
    state: readRunner({ bootId, at: Number(at), isRunning: isRunning === 'running', journal }),
    isRunning: isRunning === 'running',
    diskTrouble: diskTrouble === '' ? undefined : diskTrouble,
    log: log.replaceAll(`${directory}/`, ''),
    logIsCut: Number(size) > LOG_BYTES,
  };
}

const HEAD = /^(\S+) (\d+) (running|gone)\ndisk ?(.*)/;

/**
 * The lock is looked at before the journal: a runner that ends between the two has noted its end. A file is written, not only made: what a
 * full disk refuses is the content.
 */
function lookCommand(directory: string): string {
  const d = shellQuote(directory);
  const script = `runner=gone
if [ -e ${d}/lock ]; then
  flock -w ${WAIT_S} -s ${d}/lock true
  [ $? -ne 1 ] || runner=running
fi
echo "$(cat /proc/sys/kernel/random/boot_id) $(date +%s) $runner"
trouble=
if [ $runner = gone ] && [ -e ${d}/lock ]; then
  trouble=$( { date | cat > ${d}/probe; } 2>&1 | tail -n 1)
fi
echo "disk $trouble"
echo journal
cat ${d}/journal 2>/dev/null
size=0
[ ! -e ${d}/log ] || size=$(wc -c < ${d}/log)
printf '\\nlog %s\\n' "$size"
tail -c ${LOG_BYTES} ${d}/log 2>/dev/null | tail -n ${LOG_LINES}`;
  return `sudo -n sh -c ${shellQuote(script)}`;
}

/** Puts everything there and starts the runner. */
export async function deliver(
  connection: SshConnection,
  directory: string,
  { agentEnvironment, environment, runner }: Delivery,
  signal: AbortSignal,
): Promise<{ readonly kind: 'started' } | Lost | Refused> {
  const secret = { mode: 0o600, sudo: true, signal } as const;
  const prepared = troubleWith([await connection.run(prepareCommand(directory), { signal })]);
  if (prepared !== undefined) return prepared;
  // Far away, each of these would take its own time to get there.
  const uploaded = troubleWith(
    await Promise.all([
      connection.upload(AGENT_ENVIRONMENT_FILE, agentEnvironment, secret),
      ...(environment === undefined ? [] : [connection.upload(`${directory}/environment`, environment, secret)]),
      connection.upload(`${directory}/run`, runner, { ...secret, mode: 0o700 }),
    ]),
  );
  return uploaded ?? start(connection, directory, signal);
}

/** Starts the runner; it leaves at once where another one runs, or where nothing is left to do. */
export async function start(
  connection: SshConnection,
  directory: string,
  signal: AbortSignal,
): Promise<{ readonly kind: 'started' } | Lost | Refused> {
  return troubleWith([await connection.run(startCommand(directory), { signal })]) ?? { kind: 'started' };
}

function troubleWith(results: readonly SshRunResult[]): Lost | Refused | undefined {
  for (const result of results) {
    if (result.kind !== 'exited') return { kind: 'lost', reason: result.reason };
    if (result.exitCode !== 0) return { kind: 'refused', reason: reasonOf(result) };
  }
  return undefined;
}

/** What the runner cannot do without is asked for here, where somebody hears the answer. */
function prepareCommand(directory: string): string {
  const script = `umask 077
for tool in bash flock setsid timeout; do
  command -v $tool >/dev/null || { echo "the machine has no $tool" >&2; exit 69; }
done
mkdir -p ${shellQuote(directory)} /etc/navarch`;
  return `sudo -n sh -c ${shellQuote(script)}`;
}

/**
 * A unit of its own where there is systemd: outside of the session, which logind ends with everything in it when the connection goes, where it
 * is told to (KillUserProcesses). What the steps leave running is left alone when the runner ends, and a step that runs out of memory is not
 * the end of the runner. Elsewhere, setsid and the redirections let go of the session.
 */
function startCommand(directory: string): string {
  const runner = `${shellQuote(directory)}/run`;
  const script = `if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null 2>&1 &&
  systemd-run --quiet --collect --no-block --description="navarch bootstrap" --property=KillMode=process --property=OOMPolicy=continue bash ${runner} >/dev/null 2>&1; then
  exit 0
fi
setsid nohup bash ${runner} >/dev/null 2>&1 </dev/null &`;
  return `sudo -n sh -c ${shellQuote(script)}`;
}

function reasonOf(result: SshRunResult & { readonly kind: 'exited' }): string {
  return result.stderr.trim().split('\n').at(-1)?.slice(0, 300) || `exit code ${result.exitCode}`;
}
