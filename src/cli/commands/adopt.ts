import type { Command } from 'commander';
import type { AdoptedInstance } from '../../sdk/index.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerAdopt(program: Command, io: CliIo): void {
  program
    .command('adopt')
    .argument('<instance id>', "Lambda's id of an instance of ours that nobody owns")
    .description('Make an instance that lost its owner a node again: a keeper is started for it from its tags.')
    .action(async (instanceId: string, _flags: unknown, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const adopted = await orInterrupted(
          io.signal,
          provisioner.adoptInstance(instanceId),
          () => new InterruptedError('interrupted; if it was asked for, it goes on', SEE),
        );
        io.stdout.write(asJson === true ? json(adopted) : adoptedText(adopted));
      }),
    );
}

const SEE = 'see what became of it:  navarch-provisioner sweep --dry-run';

export function adoptedText({ instanceId, node, keeper, tagsLeft }: AdoptedInstance): string {
  const tags =
    tagsLeft === undefined
      ? ''
      : `its tags still name its former namespace, so no sweep ends it should ${keeper} be terminated: ${tagsLeft}\n`;
  return `${instanceId} is node ${node} again, kept by ${keeper}\n${tags}`;
}
