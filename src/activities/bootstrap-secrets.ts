import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';

/** `invalid_request` naming each secret that this worker does not hold. Values are read when used: this one is not kept. */
export async function checkBootstrapSecrets(
  { bootstrapSecret }: ActivityDependencies,
  { names }: { readonly names: readonly string[] },
): Promise<void> {
  const held = await Promise.all(names.map(async (name) => (await bootstrapSecret(name)) !== undefined));
  const missing = names.flatMap((name, index) =>
    held[index] === true ? [] : [`bootstrap.secrets.${index}: the worker holds no secret of the name ${name}`],
  );
  if (missing.length > 0) throw final('invalid_request', missing.join('; '));
}

/** The values by name. */
export async function readBootstrapSecrets(
  { bootstrapSecret }: ActivityDependencies,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const name of names) {
    const value = await bootstrapSecret(name);
    // It was there before the launch, and may be there again in a moment.
    if (value === undefined) throw new Error(`the worker holds no bootstrap secret of the name ${name} any more`);
    values.set(name, value);
  }
  return values;
}
