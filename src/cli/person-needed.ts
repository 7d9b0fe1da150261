/** The command did what it was to do, and found something that only a person can decide. */
export class PersonNeededError extends Error {
  override readonly name = 'PersonNeededError';
  readonly advice: string | undefined;

  constructor(reasons: readonly string[], advice?: string) {
    super(`a person should look: ${reasons.join('; ')}`);
    this.advice = advice;
  }
}
