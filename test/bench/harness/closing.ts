/** What was opened, to be closed in the opposite order, whatever happened. */
export class Closing {
  readonly #closers: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  /** One that cannot be closed does not keep the others open. */
  async close(tell: (line: string) => void): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((error: unknown) => tell(`closing: ${String(error)}`));
    }
  }
}
