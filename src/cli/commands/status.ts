import type { Command } from 'commander';
import { NodeNotFoundError, NodeProvisionerError, type NodeProvisioner } from '../../sdk/index.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { statusText } from '../node-text.ts';
import { json } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

export function registerStatus(program: Command, io: CliIo): void {
  program
    .command('status')
    .argument('<name>', 'name of the node')
    .description('Where a node is, why it waits, and what it is once it is ready.')
    .action(async (name: string, _flags: unknown, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson }) => {
        const status = await orInterrupted(io.signal, provisioner.get(name));
        if (status === undefined) throw await notFound(provisioner, name);
        io.stdout.write(asJson === true ? json(status) : statusText(status, Date.now()));
      }),
    );
}

/** Who asks for a node that is not there mostly wants to know why: its last provision says so, if Temporal still remembers it. */
async function notFound(provisioner: NodeProvisioner, name: string): Promise<NodeNotFoundError> {
  const last = await provisioner.findProvision(name);
  const failure = await last?.ready().then(
    () => undefined,
    (error: unknown) => error,
  );
  const why = failure instanceof NodeProvisionerError ? `; its last provision failed: ${failure.message}` : '';
  return new NodeNotFoundError(`no node ${name} is being provisioned or kept${why}`, { cause: failure });
}
