import type { Tried } from './check.ts';

/** No server could be found or made on this machine. The message lists what was tried and what to do. */
export class ServerUnavailableError extends Error {
  override readonly name = 'ServerUnavailableError';
  readonly tried: readonly Tried[];

  constructor(what: string, tried: readonly Tried[], remedy: string) {
    const lines = tried.map((one) => `  - ${one.what}: ${one.reason}`);
    super([`no ${what} could be found or made:`, ...lines, `What to do: ${remedy}`].join('\n'));
    this.tried = tried;
  }
}

/** The environment names an executable that cannot be used. */
export class UnusableExecutableError extends Error {
  override readonly name = 'UnusableExecutableError';

  constructor(variable: string, path: string, reason: string) {
    super(`${variable} names ${path}, which ${reason}; correct it, or unset it to have one found or made`);
  }
}
