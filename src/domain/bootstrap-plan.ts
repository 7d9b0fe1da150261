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

/** POSIX shell quoting: the value, whatever is in it, as one word. */
export function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

export interface BootstrapStep {
  /** Shown while it runs. */
  readonly title: string;
  /** Shell text, run by bash with `set -euo pipefail`, as root. */
  readonly run: string;
}

/**
 * The caller's own commands, one step each, in order, each in a bash of its own: what one of them exits with, leaves unquoted or does not close
 * is its own affair, and never makes the rest be skipped unnoticed. So nothing but files carries over, as with Navarch's own bootstrap.
 */
export function commandSteps(commands: readonly string[], variables: BootstrapVariables): BootstrapStep[] {
  return commands.map((command, index) => ({
    title: `command ${index + 1} of ${commands.length}`,
    run: `bash -c ${quote(`set -euo pipefail\n${renderCommand(command, variables)}`)}`,
  }));
}

/** Where secrets for the agent are put before the script runs: root-only, delivered over stdin, never on a command line (P8). */
export const AGENT_ENVIRONMENT_FILE = '/etc/navarch/agent.env';

const AGENT = '/usr/local/bin/navarch-node';
const AGENT_RUNNER = '/usr/local/lib/navarch/run-navarch-node';
const AGENT_UNIT = '/etc/systemd/system/navarch-node.service';

/** What keeps the agent running where there is no systemd: takes `start`, `stop`, `restart` and `check`. Not there otherwise. */
export const AGENT_SUPERVISOR = '/usr/local/lib/navarch/supervise-navarch-node';

/** For root: ends the agent so that it does not come back, whatever keeps it running; harmless where there is none. */
export const STOP_AGENT_COMMAND = `sh -c 'if [ -x ${AGENT_SUPERVISOR} ]; then ${AGENT_SUPERVISOR} stop; fi; if [ -d /run/systemd/system ]; then systemctl disable --now navarch-node; fi'`;

/** For root: the agent begins anew, and so registers again, also where it had ended. Its exit code is 0 if it was started. */
export const RESTART_AGENT_COMMAND = `sh -c 'if [ -x ${AGENT_SUPERVISOR} ]; then exec ${AGENT_SUPERVISOR} restart; fi; exec systemctl restart navarch-node'`;

/**
 * The built-in plan: Navarch's own install script, mended (it fails as `ubuntu` under /usr/local/bin, blocks the session and dies with it).
 * `agentUrl` is where `navarch-node-linux-amd64` and `-arm64` are downloaded from.
 */
export function agentSteps(agentUrl: string, variables: BootstrapVariables): BootstrapStep[] {
  const flags = [
    ['--server', variables.controlPlane],
    ['--node-id', variables.nodeId],
    ['--provider', variables.provider],
    ['--region', variables.region],
    ['--instance-type', variables.instanceType],
    ...(variables.pool === '' ? [] : [['--pool', variables.pool]]),
  ] as const;
  const start = `exec ${AGENT} ${flags.map(([flag, value]) => `${flag} ${quote(value)}`).join(' ')}`;
  return [
    {
      title: 'detect architecture',
      run: `case "$(uname -m)" in
  x86_64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) echo "no navarch-node for architecture $(uname -m)" >&2; exit 64 ;;
esac`,
    },
    {
      title: 'download navarch-node',
      // Downloaded beside the target, so that the last step is a rename: nobody ever sees half an agent.
      run: `download=${AGENT}.download
curl -fsSL --retry 5 --connect-timeout 10 --max-time 300 -o "$download" ${quote(agentUrl)}/navarch-node-linux-"$arch"
test -s "$download"`,
    },
    {
      title: 'install navarch-node',
      // The runner is one quoted word, not a here-document: no value can end it early.
      run: `chmod 0755 "$download"
mv -f "$download" ${AGENT}
mkdir -p /usr/local/lib/navarch
printf '%s\\n' '#!/bin/sh' ${quote(start)} > ${AGENT_RUNNER}
chmod 0755 ${AGENT_RUNNER}`,
    },
    {
      title: 'start navarch-node',
      // on-failure, not always: Navarch's TERMINATE makes the agent exit 0, and it must stay away then.
      run: `cat > ${AGENT_UNIT} <<'UNIT'
[Unit]
Description=Navarch node agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${AGENT_RUNNER}
EnvironmentFile=-${AGENT_ENVIRONMENT_FILE}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable navarch-node
systemctl restart navarch-node`,
    },
    {
      title: 'prove navarch-node stays up',
      run: `for look in 1 2 3; do
  sleep 1
  if ! systemctl is-active --quiet navarch-node; then
    journalctl -u navarch-node -n 50 --no-pager
    echo 'navarch-node did not stay up' >&2
    exit 70
  fi
done`,
    },
  ];
}

/** A line of output that begins a step; what follows is the step's title. */
export const STEP_MARK = '==> ';

/** The whole script: each step announces itself, the first failing command ends it with its exit code. */
export function renderScript(steps: readonly BootstrapStep[]): string {
  const body = steps.map((step) => `echo ${quote(STEP_MARK + step.title)}\n${step.run}`).join('\n\n');
  return `#!/usr/bin/env bash\nset -euo pipefail\n\n${body}\n\necho ${quote(`${STEP_MARK}done`)}\n`;
}
