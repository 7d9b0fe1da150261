import type { Command } from 'commander';
import { unknown, wrong, type Finding } from '../../domain/findings.ts';
import { NodeProvisioner, TemporalUnreachableError } from '../../sdk/index.ts';
import { examineTemporal, TEMPORAL_CHECK } from '../../setup/examine.ts';
import { placeOf } from '../../setup/index.ts';
import { EXIT_CODE } from '../exit-codes.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { paintFor, type Paint } from '../paint.ts';
import { PersonNeededError } from '../person-needed.ts';
import { json, oneLine } from '../text.ts';
import { clientFor, type GlobalFlags } from '../with-provisioner.ts';

export function registerDoctor(program: Command, io: CliIo): void {
  program
    .command('doctor')
    .description(
      'Look at everything that a provision needs: Temporal, and through the worker its keys, Navarch, its clock and the download of the agent. Changes nothing.',
    )
    .action(async (_flags: unknown, command: Command) => {
      const { json: asJson } = command.optsWithGlobals<GlobalFlags>();
      const findings = await orInterrupted(io.signal, examine(command, io));
      const paint = paintFor(io.stdout, io);
      io.stdout.write(asJson === true ? json({ findings }) : findingsText(findings, paint));
      requireAllOk(findings);
    });
}

async function examine(command: Command, io: CliIo): Promise<readonly Finding[]> {
  let connected: Awaited<ReturnType<typeof clientFor>>;
  try {
    connected = await clientFor(command, io);
  } catch (error) {
    if (!(error instanceof TemporalUnreachableError)) throw error;
    const todo =
      'look at --address and --namespace (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE), and whether the server runs';
    return [wrong(TEMPORAL_CHECK.temporal, error.message, todo)];
  }
  const { client, account } = connected;
  const provisioner = NodeProvisioner.over(client, connected);
  try {
    const temporal = await examineTemporal(client, placeOf(client), account);
    const worker = temporal.find(({ check }) => check === TEMPORAL_CHECK.worker);
    return worker?.verdict === 'wrong' ? temporal : [...temporal, ...(await askWorker(provisioner))];
  } finally {
    await provisioner.close();
  }
}

/** One that died a minute ago still seems to poll. */
async function askWorker(provisioner: NodeProvisioner): Promise<readonly Finding[]> {
  try {
    return await provisioner.diagnose();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [
      unknown('worker-answer', why, "look at the worker's log, and at its version: it should be that of this command"),
    ];
  }
}

const LABEL = { ok: 'ok', wrong: 'wrong', unknown: '?' } as const;

export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const colour = { ok: paint.green, wrong: paint.red, unknown: paint.yellow };
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ verdict, check, seen, todo }) => {
      const label = colour[verdict](LABEL[verdict].padEnd(5));
      const line = `${label}  ${check.padEnd(width)}  ${oneLine(seen)}\n`;
      return todo === undefined ? line : `${line}       ${''.padEnd(width)}  → ${oneLine(todo)}\n`;
    })
    .join('');
}

/** @throws PersonNeededError, after the report; its exit code is that of no answer where Temporal or the worker gives none */
function requireAllOk(findings: readonly Finding[]): void {
  const bad = findings.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check);
  if (bad.length === 0) return;
  const silent = [TEMPORAL_CHECK.temporal, TEMPORAL_CHECK.worker, 'worker-answer'].some((check) => bad.includes(check));
  throw new PersonNeededError(
    [`${bad.length} of ${findings.length} checks ${bad.length === 1 ? 'is' : 'are'} not ok: ${bad.join(', ')}`],
    undefined,
    silent ? EXIT_CODE.noAnswer : EXIT_CODE.personNeeded,
  );
}
