import type { Command } from 'commander';
import type { ListedInstance } from '../../sdk/index.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json, table, usdPerHour } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerInstances(program: Command, io: CliIo): void {
  program
    .command('instances')
    .description('Every instance of the Lambda account, ours or not.')
    .action(async (_flags: unknown, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const instances = await orInterrupted(io.signal, provisioner.instances());
        io.stdout.write(asJson === true ? json(instances) : instancesText(instances));
      }),
    );
}

export function instancesText(instances: readonly ListedInstance[]): string {
  if (instances.length === 0) return 'no instances\n';
  return table([
    ['INSTANCE', 'STATUS', 'TYPE', 'REGION', 'ADDRESS', 'PRICE', 'NODE', 'NAME'],
    ...instances.map((instance) => [
      instance.instanceId,
      instance.status,
      instance.instanceType,
      instance.region,
      instance.address ?? '-',
      usdPerHour(instance.pricePerHourUsd),
      instance.node ?? '-',
      instance.name ?? '-',
    ]),
  ]);
}
