/** The person pressed Ctrl-C. The message says what goes on without the command; the advice, how to see and to end it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/** The promise's outcome, unless the signal comes first. */
export async function orInterrupted<T>(
  signal: AbortSignal | undefined,
  promise: Promise<T>,
  interrupted: () => InterruptedError = () => new InterruptedError('interrupted'),
): Promise<T> {
  if (signal === undefined) return promise;
  let listener: (() => void) | undefined;
  const interruption = new Promise<never>((_resolve, reject) => {
    listener = () => reject(interrupted());
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  try {
    return await Promise.race([promise, interruption]);
  } finally {
    if (listener !== undefined) signal.removeEventListener('abort', listener);
  }
}
