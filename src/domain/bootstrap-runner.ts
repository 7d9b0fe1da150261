import type { BootstrapStep } from './bootstrap-plan.ts';
import { formatDuration, SECOND } from './durations.ts';
import { quote } from './shell-quoting.ts';

// The runner is what works through the steps on the machine. It runs detached, and everything about it is in files of one directory, so any
// worker can go on watching it over a new connection, and starting it is harmless however often it is repeated:
//   run          this script           lock         held while it runs: two never do, and a lock cannot outlive its holder
//   journal      what it did, in lines (bootstrap-journal.ts); the line `exit` is the last one
//   log          its output            environment  the caller's secrets, for the steps; gone when it has ended
//
// R1. Every line of the journal is written before what it announces: who cannot note a step does not begin it (a full disk).
// R2. It goes on with what an earlier run left only where that is harmless: between two steps, or in a step that may be repeated.
// R3. What an earlier run has finished is not done again.

/** How often a bootstrap is begun: once, and again when it was cut off. A machine that cuts it off three times will do so again. */
export const MAX_ATTEMPTS = 3;

/** From SIGTERM, which a step that is out of time gets first, to SIGKILL. */
const KILL_AFTER = '10';

/** A line of the log that begins a step; what follows is the step's title. */
export const STEP_MARK = '==> ';

/** The whole script, for bash. */
export function runnerScript(directory: string, steps: readonly BootstrapStep[]): string {
  const cases = steps.map(({ title, run, repeatable, timeoutMs }, index) => {
    const kind = repeatable ? 'repeatable' : 'once';
    const words = [
      ['title', title],
      ['kind', kind],
      ['seconds', String(timeoutMs / SECOND)],
      ['within', formatDuration(timeoutMs)],
      ['text', run],
    ] as const;
    return `    ${index + 1}) ${words.map(([name, value]) => `${name}=${quote(value)}`).join(' ')} ;;`;
  });
  return `#!/usr/bin/env bash
set -u
directory=${quote(directory)}
total=${steps.length}

load() {
  case $1 in
${cases.join('\n')}
  esac
}
${BODY}`;
}

const BODY = `
# From sudo, from systemd or from a shell: the steps find the same.
export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG="\${LANG:-C.UTF-8}"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
cd /root 2> /dev/null || cd /
umask 022

exec 9>> "$directory/lock" || exit 74
# Those who watch hold the lock for a moment.
flock -w 5 9 || exit 0
exec >> "$directory/log" 2>&1 < /dev/null || exit 74

note() { printf '%s %s\\n' "$1" "$(date +%s) $2" >> "$directory/journal" || exit 74; }
uptime_s() { local up rest; read -r up rest < /proc/uptime; echo "\${up%.*}"; }

# What earlier runs have left. A line that a power cut tore is none.
boot=$(cat /proc/sys/kernel/random/boot_id)
attempts=0 finished=0 begun= last_boot=
touch "$directory/journal" || exit 74
while read -r word at first second rest; do
  case $word in
    attempt) attempts=$((attempts + 1)) last_boot=$first ;;
    step) begun=$second ;;
    done) finished=$first begun= ;;
    exit) exit 0 ;;
  esac
done < "$directory/journal"
if [ "$attempts" -ge ${MAX_ATTEMPTS} ] || [ "$begun" = once ]; then exit 0; fi
if [ -n "$begun" ] && [ "$last_boot" = "$boot" ] && [ -s "$directory/pid" ]; then
  # This runner's predecessor was killed, its step perhaps not.
  pid=$(cat "$directory/pid")
  for signal in TERM KILL; do
    if ps -o args= -p "$pid" | grep -qF "$directory/step-"; then
      kill -s "$signal" -- "-$pid" 2> /dev/null
      for look in 1 2 3 4 5; do kill -0 -- "-$pid" 2> /dev/null || break; sleep 1; done
    fi
  done
fi
printf '\\n' >> "$directory/journal" || exit 74
note attempt "$boot"
if [ "$attempts" -gt 0 ]; then echo "${STEP_MARK}cut off: going on in attempt $((attempts + 1)) of ${MAX_ATTEMPTS}"; fi

# The caller's secrets are the step's alone: whatever they are called, they are no variables of this script.
IN_STEP='if [ -r "$1" ]; then set -a; . "$1"; set +a; fi; exec timeout -k ${KILL_AFTER} "$2" bash "$3"'

# Leaves in code how the step exited, and in how whether it ran out of time.
run_step() {
  local started took
  started=$(uptime_s)
  bash -c "$IN_STEP" - "$directory/environment" "$seconds" "$directory/step-$index" 9>&- &
  echo $! > "$directory/pid"
  code=0
  wait $! || code=$?
  took=$(($(uptime_s) - started))
  how=failed
  # 124 and 137 are also what a command of its own may end with.
  case $code in
    124 | 137) if [ "$took" -ge "\${seconds%.*}" ]; then how=timeout; fi ;;
  esac
  # The machine may be going down, with this step first: then nobody comes to call it failed.
  case $code in
    137 | 143) if [ "$how" = failed ]; then sleep 3; fi ;;
  esac
}

finish() {
  rm -f "$directory/environment"
  note exit "$1 $2"
  sync "$directory/journal" 2> /dev/null
  exit 0
}

index=$finished
while [ "$index" -lt "$total" ]; do
  index=$((index + 1))
  load "$index"
  # A step has asked for a reboot, which is on its way: the next one begins after it.
  if [ "$(systemctl is-system-running 2> /dev/null)" = stopping ]; then sleep 600; fi
  printf 'set -euo pipefail\\n%s\\n' "$text" > "$directory/step-$index" || exit 74
  note step "$index $kind $total $title"
  # On the disk, not only on its way there: a step that may run once must not look unbegun after a power cut.
  sync "$directory/journal" 2> /dev/null
  echo "${STEP_MARK}$title"
  run_step
  if [ "$code" -ne 0 ] && [ "$kind" = repeatable ]; then
    note again "$index $code"
    if [ "$how" = timeout ]; then why="did not end within $within"; else why="exit code $code"; fi
    echo "${STEP_MARK}$title, once more: $why"
    run_step
  fi
  if [ "$code" -ne 0 ]; then finish "$code" "$how $within"; fi
  note done "$index"
done
echo "${STEP_MARK}done"
finish 0 "done"
`;
