import { hasEnded } from './instance.ts';
import type { Oracles } from './oracles.ts';
import type { SimulatorRecord } from './record.ts';

const CENTS = 100;

/** One readable line on what happened in a simulation. */
export function describeSimulation(seed: number, record: SimulatorRecord, oracles: Oracles): string {
  const alive = oracles.instancesAlive();
  const ended = record.instances.filter(({ status }) => hasEnded(status)).length;
  const left =
    alive.length === 0
      ? 'none alive'
      : `${alive.length} alive (${alive.map(({ id, name, status }) => `${name === '' ? id : name} ${status}`).join(', ')})`;
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
