import { HOUR } from './durations.ts';

/** US dollars for so long at so many cents an hour, to the cent. Lambda bills by the minute from about the launch; this is the asker's estimate, not the bill. */
export function costUsd(priceCentsPerHour: number, ms: number): number {
  return Math.round((priceCentsPerHour * Math.max(0, ms)) / HOUR) / 100;
}
