/** Names without SIG, and numbers as on Linux. */
export const SIGNALS = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
} as const;

export type SignalName = keyof typeof SIGNALS;

/** What a signal does to a process that neither handles nor ignores it: these do nothing here. (Stopping is not simulated.) */
const HARMLESS: ReadonlySet<SignalName> = new Set(['CHLD', 'CONT', 'STOP']);

export function isHarmless(signal: SignalName): boolean {
  return HARMLESS.has(signal);
}

/** Reads `TERM`, `SIGTERM`, `term` or `15`. */
export function parseSignal(text: string): SignalName | undefined {
  const wanted = text.toUpperCase().replace(/^SIG/, '');
  for (const [name, number] of Object.entries(SIGNALS)) {
    if (wanted === name || wanted === String(number)) return name as SignalName;
  }
  return undefined;
}

/** A process was ended by a signal: why everything it waited for stops. */
export class KilledBySignal extends Error {
  override readonly name = 'KilledBySignal';
  readonly signal: SignalName;

  constructor(signal: SignalName) {
    super(`killed by SIG${signal}`);
    this.signal = signal;
  }

  /** As a shell reports it. */
  get exitCode(): number {
    return 128 + SIGNALS[this.signal];
  }
}
