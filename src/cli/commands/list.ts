import { Option, type Command } from 'commander';
import { formatDuration } from '../../domain/durations.ts';
import { PHASE_TITLES, PHASES } from '../../domain/phases.ts';
import type { ListedNode, NodeFilter } from '../../sdk/index.ts';
import { collect, pairs } from '../flags.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { json, table } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

type Flags = Pick<NodeFilter, 'pool' | 'phase'> & { readonly label?: readonly string[] };

export function registerList(program: Command, io: CliIo): void {
  program
    .command('list')
    .description('The nodes that are being provisioned or kept.')
    .option('--pool <pool>', 'only those of this pool')
    .option('--label <key=value>', 'only those that carry this label (repeat: all of them)', collect)
    .addOption(new Option('--phase <phase>', 'only those in this phase').choices(PHASES))
    .action(async ({ pool, phase, label }: Flags, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const labels = pairs('--label', 'key=value', label);
        const filter = {
          ...(pool === undefined ? {} : { pool }),
          ...(phase === undefined ? {} : { phase }),
          ...(labels === undefined ? {} : { labels }),
        };
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
