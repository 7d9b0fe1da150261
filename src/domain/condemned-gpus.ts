/** A GPU that made a machine be condemned. */
export interface CondemnedGpu {
  readonly uuid: string;
  readonly reason: string;
  /** When it was seen so last, and until when that is remembered; milliseconds since the epoch. */
  readonly at: number;
  readonly until: number;
}

/** More than an account has broken GPUs in a day; so many fit easily into one answer and one workflow input. */
export const MOST_CONDEMNED_GPUS = 500;

/** The memory with these, each once; of too many the newest stay. */
export function withCondemned(known: readonly CondemnedGpu[], more: readonly CondemnedGpu[]): readonly CondemnedGpu[] {
  const uuids = new Set(more.map(({ uuid }) => uuid));
  return [...known.filter(({ uuid }) => !uuids.has(uuid)), ...more].slice(-MOST_CONDEMNED_GPUS);
}

export function withoutGpus(known: readonly CondemnedGpu[], uuids: readonly string[]): readonly CondemnedGpu[] {
  return known.filter(({ uuid }) => !uuids.includes(uuid));
}

export function stillCondemned(known: readonly CondemnedGpu[], now: number): readonly CondemnedGpu[] {
  return known.filter(({ until }) => until > now);
}

/** A memory that another version, or a person, may have written: what is not readable is left out, the rest counts (P13). */
export function readCondemned(given: unknown): readonly CondemnedGpu[] {
  if (!Array.isArray(given)) return [];
  const read = given.flatMap((each: unknown): readonly CondemnedGpu[] => {
    if (typeof each !== 'object' || each === null) return [];
    const { uuid, reason, at, until } = each as Partial<Record<keyof CondemnedGpu, unknown>>;
    if (typeof uuid !== 'string' || typeof at !== 'number' || typeof until !== 'number') return [];
    return [{ uuid, reason: typeof reason === 'string' ? reason : '', at, until }];
  });
  return withCondemned([], read);
}

/** What the broker was told at `now`; the same leniently. */
export function readCondemnation(told: unknown, now: number): readonly CondemnedGpu[] {
  if (typeof told !== 'object' || told === null) return [];
  const { uuids, reason, forMs } = told as Readonly<Record<string, unknown>>;
  if (!Array.isArray(uuids) || typeof forMs !== 'number') return [];
  return readCondemned(uuids.map((uuid: unknown) => ({ uuid, reason, at: now, until: now + forMs })));
}
