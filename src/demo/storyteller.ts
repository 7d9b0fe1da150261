import type { Writable } from 'node:stream';
import { PHASE_TITLES } from '../domain/phases.ts';
import type { Progress } from '../sdk/index.ts';

/** Says one line of the story, now. */
export type Tell = (what: string, detail: string) => void;

export function storyteller(out: Writable): Tell {
  const startedAt = performance.now();
  return (what, detail) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
    out.write(`${seconds}s  ${what.padEnd(32)}  ${detail}\n`);
  };
}

/** Tells progress, where it is something new to the eye. */
export function progressTeller(tell: Tell): (progress: Progress) => void {
  let told = '';
  return ({ phase, detail, trouble }) => {
    const line = [detail, trouble].filter((part) => part !== undefined).join('; last answer: ');
    if (told === `${phase} ${line}`) return;
    told = `${phase} ${line}`;
    tell(PHASE_TITLES[phase], line);
  };
}
