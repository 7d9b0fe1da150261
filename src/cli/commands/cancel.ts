import type { Command } from 'commander';
import { PHASE_TITLES } from '../../domain/phases.ts';
import {
  NodeNotFoundError,
  ProvisionCancelledError,
  ProvisioningError,
  type NodeProvision,
  type NodeProvisioner,
} from '../../sdk/index.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo, OutputStream } from '../io.ts';
import { showUntil } from '../progress/show-until.ts';
import { createProgressView } from '../progress/view.ts';
import { json } from '../text.ts';
import { withProvisioner } from '../with-provisioner.ts';

interface Flags {
  /** commander's `--no-wait`. */
  readonly wait: boolean;
}

export function registerCancel(program: Command, io: CliIo): void {
  program
    .command('cancel')
    .argument('<name>', 'name of the node')
    .description(
      'Cancel the provision of a node and undo what it has launched. Waits for the proof. A node that is ready stays: terminate ends it.',
    )
    .option('--no-wait', 'return once the wish is stored')
    .action(async (name: string, { wait }: Flags, command: Command) =>
      withProvisioner(command, io, async (provisioner, { json: asJson = false }) => {
        const found = await orInterrupted(io.signal, provisioner.findProvision(name));
        if (found === undefined) throw new NodeNotFoundError(`no node ${name} is being provisioned`);
        const asked = await orInterrupted(io.signal, found.cancel());
        if (asked && !wait) {
          const { workflowId } = found;
          io.stdout.write(asJson ? json({ name, workflowId }) : `asked for: ${workflowId}\n`);
          return;
        }
        const end = (): Promise<void> => cancelled(provisioner, name, found);
        // One that has ended has no progress: how it ended is the answer.
        if (asked) await shown(found, name, end, asJson ? io.stderr : io.stdout, io);
        else await orInterrupted(io.signal, end());
        const text = `the provision of ${name} is cancelled, and what it had launched is ended\n`;
        io.stdout.write(asJson ? json({ name, outcome: 'provision_unwound' }) : text);
      }),
    );
}

/** Waits for the end, and shows how it gets on. */
async function shown(
  provision: NodeProvision,
  name: string,
  end: () => Promise<void>,
  out: OutputStream,
  io: CliIo,
): Promise<void> {
  const view = createProgressView(out, io, { startedAt: Date.now() });
  await showUntil(
    provision,
    end,
    view,
    io,
    () =>
      new InterruptedError(`interrupted; the end of ${name} goes on`, `watch it:  navarch-provisioner status ${name}`),
  );
}

/** Resolves when it is undone. @throws NodeNotFoundError: it had ended in another way, or did so just before the wish */
export async function cancelled(
  provisioner: Pick<NodeProvisioner, 'get'>,
  name: string,
  provision: Pick<NodeProvision, 'ready'>,
): Promise<void> {
  let failure: ProvisioningError | undefined;
  try {
    await provision.ready();
  } catch (error) {
    if (error instanceof ProvisionCancelledError) return;
    if (!(error instanceof ProvisioningError)) throw error;
    failure = error;
  }
  // The last provision may have been refused because the node is there; or somebody has asked for the name again since.
  const now = await provisioner.get(name);
  const none = `no node ${name} is being provisioned`;
  const why = failure === undefined ? '' : `; its last provision failed: ${failure.message}`;
  const origin = failure === undefined ? {} : { cause: failure };
  if (now === undefined) throw new NodeNotFoundError(`${none}${why}`, origin);
  if (now.node === undefined) {
    throw new NodeNotFoundError(
      `the provision of ${name} has ended, and a new one has begun (${PHASE_TITLES[now.phase]}): navarch-provisioner cancel ${name} ends that`,
      origin,
    );
  }
  throw new NodeNotFoundError(
    `${none}: it is ${PHASE_TITLES[now.phase]}; navarch-provisioner terminate ${name} ends it`,
    origin,
  );
}
