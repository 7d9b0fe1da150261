import type { ProvisionNodeRequest } from './provision-node.ts';

// The server takes 400 bytes for a summary and refuses the rest, whatever they hold: a text as JSON, and up to 150 bytes around it where it is
// encrypted.
const MOST_BYTES = 240;

/** One line for the Temporal UI: what is wanted. */
export function summaryOf({ instanceType, region }: ProvisionNodeRequest): string {
  const where = region === undefined ? 'any region' : list(region);
  return summaryLine(`${list(instanceType)} in ${where}`);
}

/** As much of a text as a summary may hold. */
export function summaryLine(text: string): string {
  let bytes = 0;
  let line = '';
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > MOST_BYTES) return `${line}…`;
    line += character;
  }
  return line;
}

/** In JSON, as UTF-8. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || (code >= 0xd800 && code < 0xe000)) return 6;
  if (code < 0x80) return character === '"' || character === '\\' ? 2 : 1;
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

function list(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.join(' or ');
}
