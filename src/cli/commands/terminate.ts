import type { Command } from 'commander';
import type { TerminatedNode } from '../../sdk/index.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { showUntil } from '../progress/show-until.ts';
import { createProgressView } from '../progress/view.ts';
import { json } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

interface Flags {
  readonly reason?: string;
  readonly drainFor?: string;
  /** commander's `--no-wait`. */
  readonly wait: boolean;
}

export function registerTerminate(program: Command, io: CliIo): void {
  program
    .command('terminate')
    .argument('<name>', 'name of the node')
    .description(
      'End a node wherever it is on its way: cancel and undo its provision, or drain and end it. Waits for the proof.',
    )
    .option('--reason <text>', 'why, for people')
    .option('--drain-for <duration>', 'let running work go on for so long after the drain command (default: 0s)')
    .option('--no-wait', 'return once the wish is stored')
    .action(async (name: string, flags: Flags, command: Command) => terminate(name, flags, command, io));
}

async function terminate(name: string, { reason, drainFor, wait }: Flags, command: Command, io: CliIo): Promise<void> {
  await withProvisioner(command, io, async (provisioner, { json: asJson }) => {
    const goesOn = (): InterruptedError =>
      new InterruptedError(`interrupted; the end of ${name} goes on`, `watch it:  navarch-provisioner status ${name}`);
    const termination = await orInterrupted(
      io.signal,
      provisioner.startTermination({
        name,
        ...(reason === undefined ? {} : { reason }),
        ...(drainFor === undefined ? {} : { drainFor }),
      }),
      goesOn,
    );
    if (!wait) {
      const { workflowId } = termination;
      io.stdout.write(asJson === true ? json({ name, workflowId }) : `asked for: ${workflowId}\n`);
      return;
    }
    const view = createProgressView(asJson === true ? io.stderr : io.stdout, io, { startedAt: Date.now() });
    const ended = await showUntil(termination, () => termination.ended(), view, io, goesOn);
    io.stdout.write(asJson === true ? json(ended) : endedText(ended));
  });
}

export function endedText({ name, outcome, instanceId }: TerminatedNode): string {
  const instance = instanceId === undefined ? '' : ` (instance ${instanceId})`;
  return outcome === 'provision_unwound'
    ? `the provision of ${name} is cancelled, and what it had launched is ended${instance}\n`
    : `${name} is ended${instance}\n`;
}
