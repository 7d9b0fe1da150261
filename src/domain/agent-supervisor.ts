import { AGENT_ENVIRONMENT_FILE } from './bootstrap-plan.ts';

/** Short-lived: a machine that boots has no agent yet, and nothing left of an earlier one counts. */
const STATE = '/run/navarch-node';
const LOG = '/var/log/navarch-node.log';

/**
 * What does for the agent, where there is no systemd, what its unit would do: starts it again after a failure, lets it stay ended after an end
 * of its own will, and lives on without the session that started it. It does not start by itself after a reboot.
 *
 * Supervisor and agent are one process group, and hold one lock between them: while either lives there is no second agent, and the group's
 * number is the one in the pid file. There is no limit to the tries, as in the unit.
 *
 * @param start the program to keep running
 */
export function supervisorScript(start: string): string {
  return `#!/usr/bin/env bash
set -u
mkdir -p ${STATE}

is_kept() { ! flock -n ${STATE}/lock true; }

keep() {
  exec 9> ${STATE}/lock
  flock -w 5 9 || exit 0
  echo $$ > ${STATE}/pid
  if [ -r ${AGENT_ENVIRONMENT_FILE} ]; then set -a; . ${AGENT_ENVIRONMENT_FILE}; set +a; fi
  stopping=
  trap 'stopping=1' TERM INT
  while [ -z "$stopping" ]; do
    ${start} &
    echo $! > ${STATE}/agent
    code=0
    wait $! || code=$?
    rm -f ${STATE}/agent
    if [ -n "$stopping" ] || [ "$code" -eq 0 ]; then break; fi
    echo "navarch-node ended with exit code $code: it is started again in 5 s"
    sleep 5 &
    wait $!
  done
  wait
}

start() {
  is_kept && return 0
  setsid nohup bash "$0" keep >> ${LOG} 2>&1 < /dev/null &
  for look in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.5
    is_kept && return 0
  done
  echo 'the supervisor of navarch-node did not start' >&2
  return 1
}

stop() {
  is_kept || return 0
  kill -TERM -- "-$(cat ${STATE}/pid)"
  for second in $(seq 90); do
    is_kept || return 0
    sleep 1
  done
  kill -KILL -- "-$(cat ${STATE}/pid)"
}

case "\${1:-}" in
  keep) keep ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  check) [ -s ${STATE}/agent ] && kill -0 "$(cat ${STATE}/agent)" 2> /dev/null ;;
  log) tail -n 50 ${LOG} ;;
  *) echo "usage: $0 start | stop | restart | check | log" >&2; exit 64 ;;
esac
`;
}
