import { formatDuration } from '../domain/durations.ts';
import { OBSERVERS, type Evidence, type Verdict } from './assumptions.ts';
import { dollars, WORST_CASE, WORST_CASE_MS, worstCaseCents, type Choice } from './plan.ts';

// What a live-check says. Text only; what is true is decided elsewhere.

/** As long as a launch that goes well takes, termination included. */
const USUAL_MINUTES = 10;

export function announcement(
  choice: Choice,
  plan: { readonly registration: 'agent' | 'direct'; readonly navarchUrl: string | undefined; readonly others: number },
): string {
  const { instanceType, priceCentsPerHour, regions, gpus } = choice;
  const { registration, navarchUrl, others } = plan;
  const parts = WORST_CASE.map(([what, ms]) => `    ${formatDuration(ms).padStart(4)}  ${what}\n`).join('');
  const navarch =
    navarchUrl === undefined
      ? 'a Navarch in memory on this computer; the machine need not reach it, for the node is registered from here'
      : `the Navarch of NAVARCH_CONTROL_PLANE_URL, where its record stays cordoned; registered ${registration === 'agent' ? 'by the agent on the machine' : 'from here'}`;
  return (
    `live-check launches one ${instanceType} at $${dollars(priceCentsPerHour)} an hour (room in ${regions.join(', ')}), takes it to ready, ends it, and waits for the proof.\n` +
    `  Navarch: ${navarch}.\n` +
    (gpus === 0 ? '  It has no GPUs, so nothing is learnt about GPUs: --type names another one.\n' : '') +
    (others === 0 ? '' : `  ${others} other instances of the account are left alone.\n`) +
    `  A provisioner that runs on this account shares Lambda's limit of requests with this: give each a half (LAMBDA_REQUEST_INTERVAL=2200ms).\n` +
    `  Its sweeps may report this machine as unknown.\n` +
    `  It costs at most $${dollars(worstCaseCents(choice))}, for ${formatDuration(WORST_CASE_MS)}:\n${parts}` +
    `  About $${dollars(Math.ceil((priceCentsPerHour * USUAL_MINUTES) / 60))} if all goes well (${USUAL_MINUTES} minutes).\n` +
    `  More only if Lambda does not end it although asked again and again; if this computer sleeps or loses its network, for all timers are on it;\n` +
    `  or if this process is killed (kill -9, power) and not run again: the machine then goes on until \`npm run live-check -- --resume\`, or until\n` +
    `  you end it by hand.\n`
  );
}

/** How a person sees and ends it without us. */
export function byHand(name: string, instanceId?: string): string {
  return (
    `By hand: https://cloud.lambda.ai/instances shows the account's machines. This one's name begins with ${name}-` +
    `${instanceId === undefined ? '' : `, its id is ${instanceId}`}; terminate it there if it is still listed.\n`
  );
}

export function spendingText(spentCents: number, saidCents: number, minutes: number): string {
  const verdict = spentCents <= saidCents ? '' : ' THIS IS MORE THAN WAS SAID.';
  return `Spent $${dollars(spentCents)} (${minutes.toFixed(1)} minutes from the launch to the end, each begun minute counted); said: at most $${dollars(saidCents)}.${verdict}\n`;
}

export function timingsText(timings: Readonly<Record<string, number>>): string {
  const rows = Object.entries(timings).map(
    ([what, seconds]) => `  ${what.padEnd(26)} ${seconds.toFixed(1).padStart(7)} s\n`,
  );
  return rows.length === 0 ? '' : `Times, as often as was looked:\n${rows.join('')}`;
}

export interface Judged extends Verdict {
  readonly id: string;
}

export function judged(evidence: Evidence): readonly Judged[] {
  return Object.entries(OBSERVERS).map(([id, observe]) => ({ id, ...observe(evidence) }));
}

export function assumptionsText(verdicts: readonly Judged[]): string {
  const rows = verdicts.map(({ id, verdict, detail }) => {
    return `  ${(verdict === 'other' ? 'OTHER' : verdict).padEnd(10)}  ${id.padEnd(26)} ${detail}`.trimEnd();
  });
  return `Assumptions (docs/assumptions.md):\n${rows.join('\n')}\n`;
}
