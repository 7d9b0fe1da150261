import { stripVTControlCharacters } from 'node:util';
import { runCli, type ExitCode } from '../../../src/cli/index.ts';
import type { OutputStream } from '../../../src/cli/io.ts';
import type { ProgramOptions } from '../../../src/cli/program.ts';

/** A stream that keeps what is written. */
export class Recorder implements OutputStream {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  text = '';

  constructor(columns?: number) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }

  /** The lines a person sees in the end: what was erased is gone, and colours with it. */
  get screen(): string[] {
    return this.text
      .split('\n')
      .map((line) => stripVTControlCharacters(line.split('\r\u001b[2K').at(-1) ?? ''))
      .filter((line) => line !== '');
  }
}

export interface Ran {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line whose environment is empty, so that no Temporal of this machine is asked. */
export async function run(argv: readonly string[], options: Partial<ProgramOptions> = {}): Promise<Ran> {
  const stdout = new Recorder();
  const stderr = new Recorder();
  const code = await runCli(argv, { stdout, stderr, env: {}, ...options });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
