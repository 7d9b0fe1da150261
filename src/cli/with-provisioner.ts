import type { Command } from 'commander';
import { NodeProvisioner } from '../sdk/index.ts';
import { orInterrupted } from './interrupted.ts';
import type { CliIo } from './io.ts';

/** Options of every command. */
export interface GlobalFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** Runs it with a connection by the global options, which is closed in the end. */
export async function withProvisioner(
  command: Command,
  io: CliIo,
  run: (provisioner: NodeProvisioner, flags: GlobalFlags) => Promise<void>,
): Promise<void> {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const account = flags.account ?? given(io.env?.['NAVARCH_ACCOUNT']);
  const provisioner = await orInterrupted(
    io.signal,
    NodeProvisioner.connect({
      ...(flags.address === undefined ? {} : { address: flags.address }),
      ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
      ...(account === undefined ? {} : { account }),
      ...(io.env === undefined ? {} : { environment: io.env }),
    }),
  );
  try {
    await run(provisioner, flags);
  } finally {
    await provisioner.close();
  }
}

function given(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}
