import { ConfigurationError, readConfig, SECRETS, VARIABLES } from './config.ts';
import {
  OTEL_VARIABLES,
  OTHERS_SECRETS,
  TEMPORAL_VARIABLES,
  unknownVariables,
  type UnknownVariable,
} from './config-variables.ts';
import { loadTemporalConfig } from './sdk/temporal-config.ts';

/** Where the value of a variable comes from. */
export type Origin = 'set' | 'file' | 'profile' | 'default';

export interface Setting {
  readonly name: string;
  readonly origin: Origin;
  /** What it is, without what is secret; undefined: nothing, or what `origin: 'default'` means by `otherwise`. */
  readonly value?: string;
  /** What holds where it is not set, in words. */
  readonly otherwise?: string;
  readonly isSecret: boolean;
}

/** The configuration that a worker with this environment would have, without its secrets. */
export interface ConfigReport {
  readonly settings: readonly Setting[];
  /** In words; empty: a worker would take it. */
  readonly problems: readonly string[];
  readonly unknown: readonly UnknownVariable[];
}

type Environment = Readonly<Record<string, string | undefined>>;

export function reportConfig(environment: Environment): ConfigReport {
  const ours = Object.entries(VARIABLES).map(([name, { description = '' }]) => {
    const isSecret = (SECRETS as readonly string[]).includes(name);
    const otherwise = /(?:^|\. )Default:? (.*?)\.?$/s.exec(description)?.[1];
    return setting(name, environment, isSecret, otherwise);
  });
  const temporal = temporalSettings(environment);
  const others = OTEL_VARIABLES.map((name) => setting(name, environment, OTHERS_SECRETS.includes(name)));
  return {
    settings: [...ours, ...temporal.settings, ...others.filter(({ origin }) => origin !== 'default')],
    problems: [...faultsOf(environment), ...temporal.problems],
    unknown: unknownVariables(environment),
  };
}

const MASKED = '********';

function setting(name: string, environment: Environment, isSecret: boolean, otherwise?: string): Setting {
  const direct = given(environment, name);
  const path = isSecret ? given(environment, `${name}_FILE`) : undefined;
  const rest = { name, isSecret, ...(otherwise === undefined ? {} : { otherwise }) };
  if (direct !== undefined) return { ...rest, origin: 'set', value: isSecret ? MASKED : withoutPassword(direct) };
  // Not the path either: in its place somebody may have put the secret.
  if (path !== undefined) return { ...rest, origin: 'file', value: MASKED };
  return { ...rest, origin: 'default' };
}

/** As Temporal's own library makes them of variables and of its file's profile. */
function temporalSettings(environment: Environment): Pick<ConfigReport, 'settings' | 'problems'> {
  const set = TEMPORAL_VARIABLES.map((name) => setting(name, environment, OTHERS_SECRETS.includes(name)));
  const isSet = (name: string): boolean => given(environment, name) !== undefined;
  const always: Setting[] = [];
  const problems: string[] = [];
  const said = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  try {
    const { connectionOptions, namespace } = loadTemporalConfig({ overrideEnvVars: said });
    const found = { TEMPORAL_ADDRESS: connectionOptions.address, TEMPORAL_NAMESPACE: namespace };
    const usual = { TEMPORAL_ADDRESS: 'localhost:7233', TEMPORAL_NAMESPACE: 'default' };
    for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'] as const) {
      if (isSet(name)) continue;
      const value = found[name];
      const origin: Origin = value === undefined || value === usual[name] ? 'default' : 'profile';
      always.push({
        name,
        isSecret: false,
        origin,
        otherwise: usual[name],
        ...(origin === 'profile' ? { value } : {}),
      });
    }
  } catch (error) {
    problems.push(`configuration of Temporal: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { settings: [...always, ...set.filter(({ origin }) => origin !== 'default')], problems };
}

function faultsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [error.message];
  }
}

function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
}

function withoutPassword(value: string): string {
  return value.replace(/\/\/[^/@]*@/, '//…@').replace(/^(https?:\/\/[^?\s]*\?).*$/s, '$1…');
}
