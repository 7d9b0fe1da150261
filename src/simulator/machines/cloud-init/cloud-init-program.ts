import type { Program } from '../processes/programs.ts';
import { refuse } from '../commands/program-kit.ts';

/** How often `status --wait` prints a dot. */
const DOT_EVERY_MS = 1_000;

/** `cloud-init status [--wait] [--long] [--format json]`, `cloud-init --version`, and nothing else. */
export const cloudInitProgram: Program = async (process, args) => {
  if (args.includes('--version')) {
    await process.print('/usr/bin/cloud-init 24.4-0ubuntu1~22.04.1\n');
    return 0;
  }
  if (args[0] !== 'status') return refuse(process, `only 'status' is simulated, not '${args[0] ?? ''}'`, 2);
  const { cloudInit, clock } = process.system;
  if (args.includes('--wait') || args.includes('-w')) {
    let dots = 0;
    while (cloudInit.status !== 'done' && cloudInit.status !== 'error') {
      dots += 1;
      await process.print('.');
      await Promise.race([cloudInit.finished(process.signal), clock.sleep(DOT_EVERY_MS, process.signal)]);
    }
    if (dots > 0) await process.print('\n');
  }
  const { status } = cloudInit;
  const json = args.includes('json') || args.includes('--format=json');
  await process.print(json ? `${JSON.stringify({ status })}\n` : `status: ${status}\n`);
  return status === 'error' ? 1 : 0;
};
