/** How much of a foreign text an error keeps, in characters. */
export const EXCERPT_CHARACTERS = 200;

// What must not leave the client ends the text: values are quoted and escaped in too many ways to cut them out one by one.
const SECRET_BEGINS = /jupyter_(?:token|url)|-----BEGIN /i;
const LAMBDA_KEY = /secret_[^\s"'<>&,;\\]*/gi;

/**
 * A foreign text (a body, a message of the operating system) made fit for an error: without the API key in use or anything that looks
 * like one, cut where jupyter credentials or a private key begin, on one line, and short.
 */
export function redact(text: string, apiKey: string | undefined, characters = EXCERPT_CHARACTERS): string {
  const withoutKey = apiKey === undefined || apiKey === '' ? text : text.replaceAll(apiKey, '[redacted]');
  const withoutKeys = withoutKey.replace(LAMBDA_KEY, '[redacted]');
  const secret = SECRET_BEGINS.exec(withoutKeys);
  const shown = secret === null ? withoutKeys : `${withoutKeys.slice(0, secret.index)}[redacted from here]`;
  const line = Array.from(shown.replace(/\s+/g, ' ').trim());
  return line.length <= characters ? line.join('') : `${line.slice(0, characters - 1).join('')}…`;
}

/** An error that says what another one says, without carrying its properties: HTTP libraries keep the whole request in theirs. */
export function redactedError(error: unknown, apiKey: string | undefined): Error {
  if (!(error instanceof Error)) return new Error(redact(String(error), apiKey));
  const clean: Error & { code?: string } = new Error(redact(error.message, apiKey));
  clean.name = error.name;
  if ('code' in error && typeof error.code === 'string') clean.code = error.code;
  return clean;
}
