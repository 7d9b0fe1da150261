/** The last bytes of a stream: what a command said at its end is what explains how it ended. */
export class OutputTail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #truncated = false;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    // Cut down only when twice the limit is held, so that many small chunks do not each cost a copy of everything.
    if (this.#kept > 2 * this.#limit) this.#cut();
  }

  /** As UTF-8. A character that the cut went through is left out, not shown as garbage. */
  text(): string {
    const bytes = this.#cut();
    let start = 0;
    if (this.#truncated) while (start < 3 && isContinuation(bytes[start])) start++;
    return bytes.toString('utf8', start);
  }

  #cut(): Buffer {
    let bytes = Buffer.concat(this.#chunks);
    if (bytes.length > this.#limit) {
      this.#truncated = true;
      // A copy, so that the large buffer is not held by the small one.
      bytes = Buffer.from(bytes.subarray(bytes.length - this.#limit));
    }
    this.#chunks = [bytes];
    this.#kept = bytes.length;
    return bytes;
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}
