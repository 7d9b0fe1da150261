import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What is looked at of a service, after merging. */
export interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly network_mode?: string;
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

/** docker-compose.yml as YAML alone reads it; test/unit/deploy/compose.test.ts has it read by Compose's own code. */
export async function readCompose(repository: string): Promise<Compose> {
  return parse(await readFile(join(repository, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
}

export function serviceOf(compose: Compose, name: string): Service {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}
