import { keysFromEnvironment, type KeySource } from '../payload-encryption/index.ts';

/** Variables by name. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is read of the environment: Temporal's own variables, by its library, and ours. Default: the process's. */
export function readEnvironment(environment: Environment = process.env): {
  readonly all: Record<string, string>;
  readonly uiUrl: string | undefined;
  readonly payloadKeys: KeySource;
} {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const all = Object.fromEntries(set);
  return { all, uiUrl: all['NAVARCH_TEMPORAL_UI_URL'], payloadKeys: keysFromEnvironment(all) };
}
