import { setTimeout as sleep } from 'node:timers/promises';
import { LambdaError, type Instance, type LambdaClient } from '../clients/lambda/index.ts';
import { ABSENCE_GAP_MS, ATTENTION_AFTER_MS } from '../domain/deadlines.ts';
import { stateOf } from '../domain/instances.ts';
import { stillThere, type Patience } from './last-look.ts';

export interface Ending {
  readonly name: string;
  readonly instanceId: string | undefined;
  readonly tell: (line: string) => void;
  /** Between two looks. */
  readonly everyMs: number;
  readonly forMs?: number;
  /** One look that shows nothing may be a lapse of the list (P12). */
  readonly gapMs?: number;
  readonly patience?: Patience;
}

/**
 * The last resort, for a machine of ours that Lambda still shows and no workflow owns any more: Lambda itself is asked to end it, until two
 * looks some minutes apart show it no more. Resolves to what is still there when the time is up.
 */
export async function endDirectly(lambda: LambdaClient, ending: Ending): Promise<readonly Instance[]> {
  const { name, instanceId, tell, everyMs, forMs = ATTENTION_AFTER_MS, gapMs = ABSENCE_GAP_MS, patience } = ending;
  const look = (): Promise<readonly Instance[]> => stillThere(lambda, name, instanceId, patience);
  const until = Date.now() + forMs;
  let alive = await look();
  let goneSince: number | undefined;
  let told = '';
  for (;;) {
    goneSince = alive.length === 0 ? (goneSince ?? Date.now()) : undefined;
    const isProven = goneSince !== undefined && Date.now() - goneSince >= gapMs;
    if (isProven || (alive.length > 0 && Date.now() >= until)) return alive;
    const line =
      alive.map(({ id, status }) => `${id} is ${status}`).join(', ') || 'nothing is shown; looking once more';
    if (line !== told) tell(line);
    told = line;
    for (const { id } of alive.filter(({ status }) => stateOf(status) !== 'ending')) await ask(lambda, id, tell);
    await sleep(everyMs);
    alive = await look();
  }
}

/** What counts is the look that follows. */
async function ask(lambda: LambdaClient, id: string, tell: Ending['tell']): Promise<void> {
  try {
    await lambda.terminateInstance(id);
    tell(`Lambda was asked to end ${id}`);
  } catch (error) {
    if (!(error instanceof LambdaError)) throw error;
    tell(`Lambda was asked to end ${id}: ${error.message}`);
  }
}
