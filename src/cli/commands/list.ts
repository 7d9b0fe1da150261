import type { Command } from 'commander';
import { formatDuration } from '../../domain/durations.ts';
import { PHASE_TITLES, PHASES } from '../../domain/phases.ts';
import type { ListedNode, NodeFilter } from '../../sdk/index.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json, table } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerList(program: Command, io: CliIo): void {
  program
    .command('list')
    .description('The nodes that are being provisioned or kept.')
    .option('--pool <pool>', 'only those of this pool')
    .option('--phase <phase>', `only those in this phase: ${PHASES.join(', ')}`)
    .action(async ({ pool, phase }: NodeFilter, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const filter = { ...(pool === undefined ? {} : { pool }), ...(phase === undefined ? {} : { phase }) };
        const nodes = await orInterrupted(io.signal, provisioner.list(filter));
        io.stdout.write(asJson === true ? json(nodes) : listText(nodes, Date.now()));
      }),
    );
}

export function listText(nodes: readonly ListedNode[], now: number): string {
  if (nodes.length === 0) return 'no nodes\n';
  return table([
    ['NAME', 'PHASE', 'TYPE', 'REGION', 'POOL', 'INSTANCE', 'OWNER SINCE'],
    ...nodes.map((node) => [
      node.name,
      `${PHASE_TITLES[node.phase]}${node.needsAttention ? ' (needs attention)' : ''}`,
      node.instanceType ?? '-',
      node.region ?? '-',
      node.pool ?? '-',
      node.instanceId ?? '-',
      formatDuration(now - Date.parse(node.ownerStartedAt)),
    ]),
  ]);
}
