import { writeFile } from 'node:fs/promises';

// The SDK starts the test server and ends it, but only if it gets to: a test process that is killed would leave it running. So the
// server is started through this script, which looks once a second whether whoever started it is still its parent.
const HEAD = `#!/bin/sh
# Starts the time-skipping test server beside this file, and ends it when the process that started it is gone.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
parent_of_server() {
  if [ -r /proc/$$/stat ]; then
    read -r line </proc/$$/stat
    set -- \${line##*) }
    echo "$2"
  else
    ps -o ppid= -p $$ 2>/dev/null | tr -d ' '
  fi
}
(
  while [ "$(parent_of_server)" = "$PPID" ]; do sleep 1; done
  kill $$
) </dev/null >/dev/null 2>&1 &
cd "$here" || exit 1
`;

/** Writes the executable script; `command` is run in the script's folder and gets its arguments as \`"$@"\`. */
export function writeTestServerWrapper(file: string, command: string): Promise<void> {
  return writeFile(file, `${HEAD}exec ${command} "$@"\n`, { mode: 0o755 });
}
