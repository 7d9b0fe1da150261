import picocolors from 'picocolors';
import type { CliIo, OutputStream } from './io.ts';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colours on a terminal only, and not where NO_COLOR (https://no-color.org) or TERM=dumb asks for none. */
export function paintFor(stream: OutputStream, { env }: Pick<CliIo, 'env'>): Paint {
  const unwanted = (env?.['NO_COLOR'] ?? '') !== '' || env?.['TERM'] === 'dumb';
  return picocolors.createColors(stream.isTTY === true && !unwanted);
}
