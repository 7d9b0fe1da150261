import { HOUR } from './durations.ts';

/** US dollars for so long at so many cents an hour, to the cent. Lambda bills by the minute from about the launch; this is the asker's estimate, not the bill. */
export function costUsd(priceCentsPerHour: number, ms: number): number {
  return Math.round((priceCentsPerHour * Math.max(0, ms)) / HOUR) / 100;
}

/** The same over several instances, each at so many cents an hour for so many milliseconds; rounded once. */
export function totalCostUsd(uses: readonly (readonly [priceCentsPerHour: number, ms: number])[]): number {
  return costUsd(
    uses.reduce((sum, [cents, ms]) => sum + cents * Math.max(0, ms), 0),
    1,
  );
}
