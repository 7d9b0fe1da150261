import type { Command } from 'commander';
import type { ListedInstanceType } from '../../sdk/index.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json, table, usdPerHour } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerTypes(program: Command, io: CliIo): void {
  program
    .command('types')
    .description(
      'Instance types of Lambda, with price and the regions that list capacity now (a hint, never a promise).',
    )
    .action(async (_flags: unknown, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const types = await orInterrupted(io.signal, provisioner.instanceTypes());
        io.stdout.write(asJson === true ? json(types) : typesText(types));
      }),
    );
}

export function typesText(types: readonly ListedInstanceType[]): string {
  if (types.length === 0) return 'no instance types\n';
  return table([
    ['TYPE', 'GPUS', 'PRICE', 'CAPACITY NOW', 'DESCRIPTION'],
    ...types.map((type) => [
      type.name,
      String(type.gpus),
      usdPerHour(type.pricePerHourUsd),
      type.regionsWithCapacity.join(', ') || 'none',
      type.description,
    ]),
  ]);
}
