import picocolors from 'picocolors';
import type { CliIo, OutputStream } from './io.ts';

export type Paint = ReturnType<typeof picocolors.createColors>;

/**
 * Colours on a terminal, and where FORCE_COLOR asks for them (CI logs that show colours); never where NO_COLOR (https://no-color.org) asks for
 * none, whatever else is set, and on no terminal that is dumb.
 */
export function paintFor(stream: OutputStream, { env }: Pick<CliIo, 'env'>): Paint {
  return picocolors.createColors(isWanted(stream, env));
}

function isWanted({ isTTY }: OutputStream, env: CliIo['env'] = {}): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isTTY === true && env['TERM'] !== 'dumb';
}
