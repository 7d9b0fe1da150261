import { nameOf, program, refuse } from '../commands/program-kit.ts';
import { NullFile } from '../io/null-file.ts';
import { findProgram, runProgram } from '../processes/programs.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';

/** As systemd itself gives it to what it could not start. */
const EXIT_EXEC = 203;

/** `systemd-run COMMAND`: a service made for one command, outside of the caller's session; it says so and does not wait. */
export const systemdRun: Program = program(
  {
    flags: 'qGbd',
    valued: 'pDuE',
    long: {
      quiet: 'q',
      collect: 'G',
      'no-block': 'b',
      property: 'p',
      description: 'D',
      unit: 'u',
      setenv: 'E',
      'same-dir': 'd',
    },
    prefix: true,
  },
  async (process, args) => {
    const command = args.operands;
    if (command.length === 0) return refuse(process, 'Command line to execute required.');
    if (process.user.uid !== 0) {
      return process.fail('Failed to start transient service unit: Interactive authentication required.');
    }
    const { processes, journal, bootId } = process.system;
    const unit = args.value('u') ?? `run-r${Math.floor(process.system.random() * 2 ** 32).toString(16)}.service`;
    const input = new NullFile();
    const output = journal.writer({ unit, identifier: nameOf(process), pid: 0, bootId });
    const service = processes.spawn(
      {
        argv: command,
        env: new Map([
          ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'],
          ['LANG', 'C.UTF-8'],
          ...args.values('E').map((word): [string, string] => {
            const at = word.indexOf('=');
            return [word.slice(0, at), word.slice(at + 1)];
          }),
        ]),
        files: new Map([
          [0, input],
          [1, output],
          [2, output],
        ]),
      },
      (started) => execute(started, command),
    );
    for (const file of [input, output]) file.release();
    // Without KillMode=process, what the command leaves running ends with it.
    if (!args.values('p').includes('KillMode=process')) {
      service.exited.then(
        () => endLeftovers(service),
        () => undefined,
      );
    }
    if (!args.has('q')) await process.print(`Running as unit: ${unit}\n`, 2);
    return 0;
  },
);

async function execute(process: Process, argv: readonly string[]): Promise<number> {
  process.session = process.pid;
  const found = findProgram(process, argv[0] ?? '', process.env.get('PATH'));
  if (found.kind === 'found') return runProgram(process, found.path, argv);
  return process.fail(`Failed to execute ${argv[0] ?? ''}: ${found.text}`, EXIT_EXEC);
}

/** All that descends from it, whatever its session: a control group holds its children. */
function endLeftovers(service: Process): void {
  for (const each of service.system.processes.running) {
    if (descendsFrom(each, service)) each.deliver('TERM');
  }
}

function descendsFrom(process: Process, ancestor: Process): boolean {
  return process.parent !== undefined && (process.parent === ancestor || descendsFrom(process.parent, ancestor));
}
