import type { Outcome } from './run.ts';

/** What many runs came to, as a table. */
export class Tally {
  readonly #injected = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  readonly #breaches: string[] = [];
  #slowest = { seconds: 0, index: -1 };
  #runs = 0;
  #sweeps = 0;

  kept(index: number, { provision, struck, faults, sweeps, seconds }: Outcome): void {
    this.#runs += 1;
    this.#sweeps += sweeps;
    for (const kind of [...faults, ...struck.map((act) => `step: ${act}`)]) count(this.#injected, kind);
    count(this.#ends, provision);
    if (seconds > this.#slowest.seconds) this.#slowest = { seconds, index };
  }

  broken(message: string): void {
    this.#runs += 1;
    this.#breaches.push(message);
  }

  lines(elapsedSeconds: number): string {
    const broken = this.#breaches.length;
    return [
      '',
      `runs ${this.#runs}, broken promises or stuck ${broken}, sweeps ${this.#sweeps}, ${Math.round(elapsedSeconds)} s`,
      `slowest run: plan ${this.#slowest.index}, ${this.#slowest.seconds} s`,
      table('injected', this.#injected),
      table('how the provision ended', this.#ends),
      ...this.#breaches,
      '',
    ].join('\n');
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function table(title: string, counts: ReadonlyMap<string, number>): string {
  const rows = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([key, n]) => `  ${key.padEnd(34)} ${String(n).padStart(7)}`);
  return [`${title}:`, ...rows].join('\n');
}
