import type { ProvisionNodeRequest } from './provision-node.ts';

/** One line for the Temporal UI: what is wanted. The server takes 400 bytes. */
export function summaryOf({ instanceType, region }: ProvisionNodeRequest): string {
  const where = region === undefined ? 'any region' : list(region);
  const line = `${list(instanceType)} in ${where}`;
  return line.length <= 120 ? line : `${line.slice(0, 119)}…`;
}

function list(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.join(' or ');
}
