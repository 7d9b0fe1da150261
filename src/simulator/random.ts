import { createHash } from 'node:crypto';

/**
 * Chance that repeats: the same seed and the same labels give the same numbers, whatever else was drawn elsewhere. So the third
 * launch of a simulator boots the same way however its requests were interleaved with others.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** In [from, to). */
  between(from: number, to: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** An exponentially distributed length with this mean. */
  exponential(mean: number): number;
  /** So many lower-case hex digits. */
  hex(digits: number): string;
  /** A dashed UUID. */
  uuid(): string;
}

const UINT32 = 2 ** 32;

export function seededRandom(seed: number, ...labels: readonly (string | number)[]): Random {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...labels]))
    .digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let d = digest.readInt32LE(12);

  // sfc32: small, fast, and good enough for weather.
  const nextUint32 = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };

  const next = (): number => nextUint32() / UINT32;
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += nextUint32().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  };
  return {
    next,
    between: (from, to) => from + next() * (to - from),
    chance: (probability) => next() < probability,
    exponential: (mean) => -mean * Math.log(1 - next()),
    hex,
    uuid: () => [8, 4, 4, 4, 12].map(hex).join('-'),
  };
}

/** A number that depends on the seed and the labels only; for parts that want a seed of their own. */
export function derivedSeed(seed: number, ...labels: readonly (string | number)[]): number {
  return Math.floor(seededRandom(seed, ...labels).next() * UINT32);
}
