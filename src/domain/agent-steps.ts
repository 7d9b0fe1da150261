import { supervisorScript } from './agent-supervisor.ts';
import {
  AGENT_ENVIRONMENT_FILE,
  AGENT_SUPERVISOR,
  type BootstrapStep,
  type BootstrapVariables,
} from './bootstrap-plan.ts';
import { quote } from './shell-quoting.ts';

// The built-in plan: Navarch's own install script, mended (it fails as `ubuntu` under /usr/local/bin, blocks the session and dies with it).
// Every step may be repeated: what it makes replaces what an earlier try has left.

const AGENT = '/usr/local/bin/navarch-node';
const LIBRARY = '/usr/local/lib/navarch';
const RUNNER = `${LIBRARY}/run-navarch-node`;
const UNIT = '/etc/systemd/system/navarch-node.service';

/** In a container, or under another init, systemctl may be there and systemd not. */
const HAS_SYSTEMD = '[ -d /run/systemd/system ] && command -v systemctl > /dev/null';

/** The agent to install. */
export interface AgentRelease {
  /** Where `navarch-node-linux-amd64` and `-arm64` are downloaded from. */
  readonly url: string;
  /** What each has to be, in 64 lower-case hex digits; what is not given is not checked. */
  readonly sha256?: { readonly amd64?: string; readonly arm64?: string };
}

/** @param stepMs time of one step */
export function agentSteps(release: AgentRelease, variables: BootstrapVariables, stepMs: number): BootstrapStep[] {
  const steps = [
    { title: 'download navarch-node', run: download(release) },
    { title: 'install navarch-node', run: install(variables) },
    { title: 'start navarch-node', run: START },
    { title: 'prove navarch-node stays up', run: PROVE },
  ];
  return steps.map((step) => ({ ...step, repeatable: true, timeoutMs: stepMs }));
}

// curl's own --retry passes over names that do not resolve and connections that are cut. Downloaded beside the target, so that the last step
// is a rename: nobody ever sees half an agent.
function download({ url, sha256 = {} }: AgentRelease): string {
  return `case "$(uname -m)" in
  x86_64 | amd64) arch=amd64 sha256=${quote(sha256.amd64 ?? '')} ;;
  aarch64 | arm64) arch=arm64 sha256=${quote(sha256.arm64 ?? '')} ;;
  *) echo "no navarch-node for architecture $(uname -m)" >&2; exit 64 ;;
esac
mkdir -p ${dirname(AGENT)}
for try in 1 2 3 4 5; do
  code=0
  curl -fsSL --connect-timeout 10 --max-time 120 -o ${AGENT}.download ${quote(url)}/navarch-node-linux-"$arch" || code=$?
  if [ "$code" -eq 0 ]; then break; fi
  if [ "$try" -eq 5 ]; then exit "$code"; fi
  sleep $((2 * try))
done
if [ ! -s ${AGENT}.download ]; then echo 'what was downloaded is empty' >&2; exit 65; fi
if [ -n "$sha256" ]; then
  found=$(sha256sum ${AGENT}.download | cut -d ' ' -f 1)
  if [ "$found" != "$sha256" ]; then
    rm -f ${AGENT}.download
    echo "navarch-node-linux-$arch has the SHA-256 $found, not $sha256" >&2
    exit 65
  fi
fi
chmod 0755 ${AGENT}.download
mv -f ${AGENT}.download ${AGENT}`;
}

// What a unit and a supervisor start is one quoted word, not a here-document: no value can end it early.
function install(variables: BootstrapVariables): string {
  const flags = [
    ['--server', variables.controlPlane],
    ['--node-id', variables.nodeId],
    ['--provider', variables.provider],
    ['--region', variables.region],
    ['--instance-type', variables.instanceType],
    ...(variables.pool === '' ? [] : [['--pool', variables.pool]]),
  ] as const;
  const start = `exec ${AGENT} ${flags.map(([flag, value]) => `${flag} ${quote(value)}`).join(' ')}`;
  return `mkdir -p ${LIBRARY}
printf '%s\\n' '#!/bin/sh' ${quote(start)} > ${RUNNER}
chmod 0755 ${RUNNER}
if ${HAS_SYSTEMD}; then
  rm -f ${AGENT_SUPERVISOR}
  printf '%s' ${quote(unitFile())} > ${UNIT}
  systemctl daemon-reload
else
  printf '%s' ${quote(supervisorScript(RUNNER))} > ${AGENT_SUPERVISOR}.part
  chmod 0755 ${AGENT_SUPERVISOR}.part
  mv -f ${AGENT_SUPERVISOR}.part ${AGENT_SUPERVISOR}
fi`;
}

// on-failure, not always: Navarch's TERMINATE makes the agent exit 0, and it must stay away then. No limit: a control plane may be away for
// longer than five starts, and whoever restarts the agent by hand must not be refused.
function unitFile(): string {
  return `[Unit]
Description=Navarch node agent
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=${RUNNER}
EnvironmentFile=-${AGENT_ENVIRONMENT_FILE}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
}

const START = `if ${HAS_SYSTEMD}; then
  systemctl enable navarch-node
  systemctl restart navarch-node
else
  ${AGENT_SUPERVISOR} restart
fi`;

const PROVE = `is_up() {
  if ${HAS_SYSTEMD}; then systemctl is-active --quiet navarch-node; else ${AGENT_SUPERVISOR} check; fi
}
for look in 1 2 3; do
  sleep 1
  if ! is_up; then
    if ${HAS_SYSTEMD}; then
      journalctl -u navarch-node -n 50 --no-pager || true
    else
      ${AGENT_SUPERVISOR} log
    fi
    echo 'navarch-node did not stay up' >&2
    exit 70
  fi
done`;

function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
