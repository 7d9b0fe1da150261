import type { Clock } from '../../clock.ts';
import { OpenFile } from '../io/open-file.ts';

export interface JournalLine {
  readonly timeMs: number;
  /** The unit it came from. */
  readonly unit: string;
  readonly identifier: string;
  readonly pid: number;
  readonly message: string;
  readonly bootId: string;
}

/** So many lines are kept; the oldest go first. */
const KEPT_LINES = 2_000;
/** A line without an end is cut here. */
const LONGEST_LINE_BYTES = 48 * 1024;

/** The machine's journal: what services print and what systemd says about them. It outlives reboots. */
export class Journal {
  readonly #lines: JournalLine[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(line: Omit<JournalLine, 'timeMs'>): void {
    this.#lines.push({ ...line, timeMs: this.#clock.now() });
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
  }

  /** Oldest first. */
  lines(unit?: string): readonly JournalLine[] {
    return unit === undefined ? [...this.#lines] : this.#lines.filter((line) => line.unit === unit);
  }

  /** A file that puts each line written to it into the journal: a service's stdout. */
  writer(origin: Omit<JournalLine, 'timeMs' | 'message'>): OpenFile {
    return new JournalFile((message) => this.add({ ...origin, message }));
  }
}

class JournalFile extends OpenFile {
  readonly #add: (line: string) => void;
  #rest = '';

  constructor(add: (line: string) => void) {
    super();
    this.#add = add;
  }

  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  write(bytes: Uint8Array): Promise<void> {
    const lines = (this.#rest + Buffer.from(bytes).toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#add(line);
    if (this.#rest.length > LONGEST_LINE_BYTES) this.#flush();
    return Promise.resolve();
  }

  protected override onClosed(): void {
    this.#flush();
  }

  #flush(): void {
    if (this.#rest !== '') this.#add(this.#rest);
    this.#rest = '';
  }
}
