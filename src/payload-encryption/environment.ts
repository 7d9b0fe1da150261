import { readFile } from 'node:fs/promises';
import { PayloadKeysError } from './errors.ts';
import { KEYS, keySource, type KeySource, type KeySourceOptions } from './key-source.ts';

/** For whoever has no configuration but the environment: callers, and the codec server. @throws PayloadKeysError naming the variable */
export function keysFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  options: Omit<KeySourceOptions, 'variable'> = {},
): KeySource {
  const variable = given(environment[KEYS]) === undefined ? `${KEYS}_FILE` : KEYS;
  return keySource(textFrom(environment), { ...options, variable });
}

/** Undefined: neither is set. */
function textFrom(environment: Readonly<Record<string, string | undefined>>): (() => Promise<string>) | undefined {
  const text = given(environment[KEYS]);
  const path = given(environment[`${KEYS}_FILE`]);
  if (text !== undefined && path !== undefined)
    throw new PayloadKeysError(`${KEYS} and ${KEYS}_FILE are both set: keep one`);
  if (text !== undefined) return () => Promise.resolve(text);
  if (path === undefined) return undefined;
  return async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      // The system's own text repeats the path, in whose place somebody may have put the keys.
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new PayloadKeysError(`${KEYS}_FILE: the file cannot be read (${code})`);
    }
  };
}

function given(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}
