/** What a promise rejects with when its signal is aborted: the signal's reason, wrapped where that is not an error. */
export function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal?.reason });
}
