import type { Command } from 'commander';
import type { ReleasedInstance } from '../../sdk/index.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerRelease(program: Command, io: CliIo): void {
  program
    .command('release')
    .argument('<instance id>', "Lambda's id of an instance of ours that nobody owns")
    .description('Take our tags off an instance that lost its owner: it runs on, and nobody here touches it any more.')
    .action(async (instanceId: string, _flags: unknown, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const released = await orInterrupted(
          io.signal,
          provisioner.releaseInstance(instanceId),
          () => new InterruptedError('interrupted; if it was asked for, it goes on', SEE),
        );
        io.stdout.write(asJson === true ? json(released) : releasedText(released));
      }),
    );
}

const SEE = 'see what became of it:  navarch-provisioner sweep --dry-run';

export function releasedText({ instanceId, node }: ReleasedInstance): string {
  const formerly = node === undefined ? '' : ` (formerly node ${node})`;
  return `${instanceId}${formerly} carries our tags no more: it runs on, and is billed, until somebody else ends it\n`;
}
