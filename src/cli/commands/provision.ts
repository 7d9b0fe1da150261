import { Option, type Command } from 'commander';
import { collect, collectList, number } from '../flags.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { nodeText } from '../node-text.ts';
import { showUntil } from '../progress/show-until.ts';
import { createProgressView } from '../progress/view.ts';
import { readRequestFile, readText } from '../request-file.ts';
import { requestFromFlags, type ProvisionFlags } from '../request-from-flags.ts';
import { json } from '../text.ts';
import { UsageError } from '../usage-error.ts';
import { withProvisioner } from '../with-provisioner.ts';

interface Flags extends ProvisionFlags {
  readonly request?: string;
  readonly wait?: boolean;
}

export function registerProvision(program: Command, io: CliIo): void {
  program
    .command('provision')
    .argument('[name]', 'name of the node: a DNS label of at most 40 characters')
    .description('Provision a GPU node. The same request again joins the one in progress, or finds the living node.')
    .option('--type <type>', 'instance type; several in order of preference (repeat, or a,b)', collectList)
    .option('--region <region>', 'region; several in order of preference (default: any)', collectList)
    .option('--ssh-key <name>', "SSH key registered with Lambda (default: the worker's)", collect)
    .addOption(new Option('--image-id <id>', 'image by id').conflicts('imageFamily'))
    .option('--image-family <family>', "image by family (default: the worker's)")
    .option('--file-system <name>', 'filesystem to attach (repeat, or a,b)', collectList)
    .option('--pool <pool>', 'Navarch pool')
    .option('--label <key=value>', 'further tag of the instance (repeat)', collect)
    .option('--command <command>', 'run this as root instead of installing navarch-node (repeat, in order)', collect)
    .option('--secret <name>', 'secret of the worker that the commands find in the environment (repeat)', collect)
    .option('--user-data <file>', 'cloud-init user data of your own, from a file, or - for standard input')
    .addOption(
      new Option('--host-key <how>', 'how its SSH host key is believed (default: pinned)').choices([
        'pinned',
        'trust-first',
      ]),
    )
    .addOption(new Option('--gpu-check <whether>', 'prove its GPUs (default: on)').choices(['on', 'off']))
    .addOption(
      new Option('--registration <by>', 'who registers it with Navarch (default: agent)').choices(['agent', 'direct']),
    )
    .option('--allow-fake-gpus', 'take an agent that found no NVIDIA driver; for test environments')
    .option('--wait-up-to <duration>', 'how long to wait for capacity (default: 30d)')
    .option('--priority <1-5>', 'among those who wait for capacity: 1 goes first (default: 3)', number)
    .option('--max-price <usd>', 'most US dollars an hour, for the whole instance', number)
    .option('--max-launches <count>', 'launches to use before giving up on bad machines (default: 3)', number)
    .option('--lifetime <duration>', 'end the node so long after it is ready (default: when asked)')
    .option(
      '--deadline <part=duration>',
      'of address, ssh, gpu, bootstrap, bootstrapStep, active, registration or whole (repeat)',
      collect,
    )
    .option('--request <file>', 'the request as JSON from a file, or - for standard input; flags go before its fields')
    .option('--wait', 'show its progress until it is ready')
    .addHelpText('after', '\nA duration is a whole number and a unit: 90s, 15m, 48h, 30d.')
    .action(async (name: string | undefined, flags: Flags, command: Command) => provision(name, flags, command, io));
}

async function provision(name: string | undefined, flags: Flags, command: Command, io: CliIo): Promise<void> {
  if (flags.request === '-' && flags.userData === '-') {
    throw new UsageError('--request and --user-data: only one of them can be standard input');
  }
  const file = flags.request === undefined ? {} : await readRequestFile(flags.request, io);
  const userData = flags.userData === undefined ? {} : { userData: await readText(flags.userData, '--user-data', io) };
  const request = requestFromFlags(name, { ...flags, ...userData }, file);
  await withProvisioner(command, io, async (provisioner, { json: asJson }) => {
    const accepting = provisioner.provision(request);
    const provision = await orInterrupted(
      io.signal,
      accepting,
      () =>
        new InterruptedError('interrupted before the request was accepted; it may have been sent', howToSee(request)),
    );
    const { workflowId, runId } = provision;
    if (flags.wait !== true) {
      const accepted = `accepted: ${workflowId}\n${howToSee(request)}\n`;
      io.stdout.write(asJson === true ? json({ name: request.name, workflowId, runId }) : accepted);
      return;
    }
    const view = createProgressView(asJson === true ? io.stderr : io.stdout, io);
    const node = await showUntil(
      provision,
      () => provision.ready(),
      view,
      io,
      () => new InterruptedError(`interrupted; the provision of ${request.name} goes on`, howToSee(request)),
    );
    io.stdout.write(asJson === true ? json(node) : `\n${nodeText(node)}`);
  });
}

function howToSee({ name }: { readonly name: string }): string {
  return [
    `watch it:  navarch-provisioner status ${name}   (or the same command again, with --wait)`,
    `end it:    navarch-provisioner terminate ${name}`,
  ].join('\n');
}
