import { hasEnded } from './instance.ts';
import type { Oracles } from './oracles.ts';
import type { SimulatorRecord } from './record.ts';

const CENTS = 100;
/** More names than these would not be one readable line. */
const NAMES = 5;

/** One readable line on what happened in a simulation. */
export function describeSimulation(seed: number, record: SimulatorRecord, oracles: Oracles): string {
  const alive = oracles.instancesAlive();
  const ended = record.instances.filter(({ status }) => hasEnded(status)).length;
  const names = alive.slice(0, NAMES).map(({ id, name, status }) => `${name === '' ? id : name} ${status}`);
  const more = alive.length > NAMES ? ', …' : '';
  const left = alive.length === 0 ? 'none alive' : `${alive.length} alive (${names.join(', ')}${more})`;
  const { fromAcceptanceCents } = oracles.billing();
  const facts = [
    `seed ${seed}`,
    `${record.instances.length} instances launched, ${ended} ended, ${left}`,
    `$${(fromAcceptanceCents / CENTS).toFixed(2)} billed`,
    `${record.requests.length} requests`,
    `${oracles.rateLimitViolations().length} over the rate limits`,
    `${record.registrations.length} registrations with Navarch`,
    ...record.breakdowns.map((breakdown) => `broken: ${breakdown}`),
  ];
  return `simulator: ${facts.join('; ')}`;
}
