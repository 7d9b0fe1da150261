import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { ACCOUNT_NAME, ACCOUNT_NAME_RULE } from '../contract/task-queues.ts';
import { connectClient, type ConnectOptions } from '../sdk/connect.ts';
import { NodeProvisioner } from '../sdk/index.ts';
import { orInterrupted } from './interrupted.ts';
import type { CliIo } from './io.ts';
import { UsageError } from './usage-error.ts';

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

/** @throws UsageError: no worker has an account of such a name */
function accountOf(flags: GlobalFlags, io: CliIo): string | undefined {
  const account = flags.account ?? given(io.env?.['NAVARCH_ACCOUNT']);
  if (account === undefined || ACCOUNT_NAME.test(account)) return account;
  const where = flags.account === undefined ? 'NAVARCH_ACCOUNT' : '--account';
  throw new UsageError(`${where} ${ACCOUNT_NAME_RULE}, but is ${JSON.stringify(account)}`);
}

function given(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}
