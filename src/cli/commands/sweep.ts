import { Option, type Command } from 'commander';
import type { NodeProvisioner, SweepOptions } from '../../sdk/index.ts';
import { number } from '../flags.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { showUntil } from '../progress/show-until.ts';
import { createProgressView } from '../progress/view.ts';
import { requireNobody, sweepText, verdictHelp } from '../sweep-text.ts';
import { json } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

interface Flags extends SweepOptions {
  readonly end?: string;
}

export function registerSweep(program: Command, io: CliIo): void {
  program
    .command('sweep')
    .description(
      'Look now for instances of ours that no workflow owns any more, and end those that an earlier sweep has seen so. A Schedule does this every ten minutes.',
    )
    .addOption(
      new Option('--dry-run', 'end nothing: show each instance of ours with the verdict and its reason').conflicts([
        'allow',
        'end',
      ]),
    )
    .addOption(
      new Option('--allow <count>', 'end up to so many, although that is more than half of our instances')
        .argParser(number)
        .conflicts('end'),
    )
    .option('--end <instance id>', 'end this instance, which nobody owns, whatever the verdict; waits for the proof')
    .addHelpText('after', verdictHelp())
    .action(async ({ end, ...options }: Flags, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson = false }) => {
        if (end === undefined) await sweep(provisioner, options, io, asJson);
        else await endInstance(provisioner, end, io, asJson);
      }),
    );
}

async function sweep(provisioner: NodeProvisioner, { dryRun, allow }: SweepOptions, io: CliIo, asJson: boolean) {
  const options = { ...(dryRun === undefined ? {} : { dryRun }), ...(allow === undefined ? {} : { allow }) };
  const report = await orInterrupted(
    io.signal,
    provisioner.sweep(options),
    () => new InterruptedError(dryRun === true ? 'interrupted' : 'interrupted; a sweep that has begun goes on'),
  );
  io.stdout.write(asJson ? json(report) : sweepText(report));
  requireNobody(report);
}

async function endInstance(provisioner: NodeProvisioner, instanceId: string, io: CliIo, asJson: boolean) {
  const again = `wait for it again:  navarch-provisioner sweep --end ${instanceId}`;
  const ending = await orInterrupted(
    io.signal,
    provisioner.startEnding(instanceId),
    () => new InterruptedError('interrupted before the wish was confirmed; it may have been stored', again),
  );
  const view = createProgressView(asJson ? io.stderr : io.stdout, io);
  const ended = await showUntil(
    ending,
    () => ending.ended(),
    view,
    io,
    () => new InterruptedError(`interrupted; the end of ${instanceId} goes on`, again),
  );
  io.stdout.write(asJson ? json(ended) : `${ended.instanceId} (node ${ended.node}) is ended, and that is proven\n`);
}
