/** A line of a machine's output may be of any length: of a longer one the end is shown. */
const LONGEST_LINE = 1_000;

const ESCAPE = String.fromCharCode(0x1b);
const COLOURS_AND_MOVES = new RegExp(`${ESCAPE}\\[[0-9;?]*[ -/]*[@-~]`, 'g');
/** But the tab. */
const CONTROLS = /(?!\t)\p{Cc}/gu;

/** The last lines of what a program printed that say something, fit for a page. A carriage return begins a line, as on a terminal. */
export function shownLines(output: string, count: number): string[] {
  return output
    .split(/\r?\n|\r/)
    .map((line) => line.replace(COLOURS_AND_MOVES, '').replace(CONTROLS, '').trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .map((line) => (line.length > LONGEST_LINE ? `…${line.slice(-LONGEST_LINE)}` : line));
}
