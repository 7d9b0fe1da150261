import type { Command } from 'commander';
import { formatDuration } from '../../domain/durations.ts';
import type { WaitingLine } from '../../sdk/index.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json, table, usdPerHour } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerQueue(program: Command, io: CliIo): void {
  program
    .command('queue')
    .description('Who waits for capacity in the account: in the order in which they are served, since when, and why.')
    .action(async (_flags: unknown, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const line = await orInterrupted(io.signal, provisioner.queue());
        io.stdout.write(asJson === true ? json(line) : queueText(line, Date.now()));
      }),
    );
}

export function queueText({ total, nodes }: WaitingLine, now: number): string {
  if (total === 0) return 'nobody waits for capacity\n';
  const rows = nodes.map((node) => [
    String(node.place),
    node.name,
    String(node.priority),
    formatDuration(now - Date.parse(node.since)),
    node.instanceTypes.join(', '),
    node.regions?.join(', ') ?? 'any region',
    node.maxPricePerHourUsd === undefined ? '-' : usdPerHour(node.maxPricePerHourUsd),
    node.reason,
  ]);
  const more = total > nodes.length ? `and ${total - nodes.length} more\n` : '';
  return `${table([['PLACE', 'NAME', 'PRIORITY', 'WAITING', 'TYPE', 'REGION', 'MAX PRICE', 'WHY'], ...rows])}${more}`;
}
