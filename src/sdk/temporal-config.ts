import { loadClientConnectConfig } from '@temporalio/envconfig';

/**
 * Temporal's own configuration: its variables, then its file. @throws Error in words that repeat nothing of the file: the parser's show the
 * lines around a mistake, and one of them may be the API key
 */
export function loadTemporalConfig(
  options?: Parameters<typeof loadClientConnectConfig>[0],
): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig(options);
  } catch (error) {
    const { codeblock, line, column } = error as { codeblock?: unknown; line?: unknown; column?: unknown };
    if (!(error instanceof Error) || typeof codeblock !== 'string') throw error;
    const [what = ''] = error.message.split('\n');
    // Not as its cause, which would be logged with it.
    // eslint-disable-next-line preserve-caught-error
    throw new Error(`${what} (line ${String(line)}, column ${String(column)})`);
  }
}
