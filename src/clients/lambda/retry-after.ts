/**
 * A Retry-After header (RFC 9110 §10.2.3) in milliseconds from now: seconds or a date. Undefined if missing or meaningless; a date in
 * the past is 0.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  // Date.parse takes almost anything with a number in it, so we look for the form of an HTTP date first.
  const date = /^[A-Z][a-z]{2,8}, .* GMT$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
