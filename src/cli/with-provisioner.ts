import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { connectClient, type ConnectOptions } from '../sdk/connect.ts';
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
  const provisioner = await orInterrupted(io.signal, NodeProvisioner.connect(connectOptions(flags, io)));
  try {
    await run(provisioner, flags);
  } finally {
    await provisioner.close();
  }
}

/** A client by the global options, for what is no workflow's to do. Whoever asks for it closes its connection. */
export async function clientFor(
  command: Command,
  io: CliIo,
): Promise<{ readonly client: Client; readonly account: string | undefined; readonly uiUrl: string | undefined }> {
  const options = connectOptions(command.optsWithGlobals<GlobalFlags>(), io);
  return { ...(await orInterrupted(io.signal, connectClient(options))), account: options.account };
}

/** Where Temporal is, and whose worker is asked. */
function connectOptions(flags: GlobalFlags, io: CliIo): ConnectOptions {
  const account = accountOf(flags, io);
  return {
    ...(flags.address === undefined ? {} : { address: flags.address }),
    ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
    ...(account === undefined ? {} : { account }),
    ...(io.env === undefined ? {} : { environment: io.env }),
  };
}

function accountOf(flags: GlobalFlags, io: CliIo): string | undefined {
  return flags.account ?? given(io.env?.['NAVARCH_ACCOUNT']);
}

function given(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}
