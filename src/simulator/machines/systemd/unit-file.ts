import { parseDuration } from '../commands/durations.ts';

export type RestartPolicy = 'no' | 'always' | 'on-failure' | 'on-success' | 'on-abnormal';

/** What a `.service` file says, as far as it is simulated. */
export interface Unit {
  readonly name: string;
  readonly description: string;
  readonly type: 'simple' | 'oneshot';
  readonly remainAfterExit: boolean;
  readonly startPre: readonly ExecLine[];
  readonly start: readonly ExecLine[];
  readonly stop: readonly ExecLine[];
  readonly environment: ReadonlyMap<string, string>;
  readonly environmentFiles: readonly { readonly path: string; readonly optional: boolean }[];
  readonly restart: RestartPolicy;
  readonly restartMs: number;
  /** More starts than `burst` within `intervalMs` and systemd gives up. */
  readonly startLimit: { readonly burst: number; readonly intervalMs: number };
  readonly user: string;
  readonly workingDirectory: string;
  readonly stopTimeoutMs: number;
  readonly wantedBy: readonly string[];
  /** `append:/path` or `file:/path` of StandardOutput and StandardError; the journal otherwise. */
  readonly output: string | undefined;
  readonly errorOutput: string | undefined;
}

export interface ExecLine {
  readonly argv: readonly string[];
  /** A `-` before it: its failure does not count. */
  readonly mayFail: boolean;
}

const DEFAULT_RESTART_MS = 100;
const DEFAULT_STOP_TIMEOUT_MS = 90_000;
const DEFAULT_START_LIMIT = { burst: 5, intervalMs: 10_000 };
const RESTART_POLICIES: readonly string[] = ['no', 'always', 'on-failure', 'on-success', 'on-abnormal'];

/** Reads a unit file. Unknown settings are passed over, as systemd does; undefined values take systemd's defaults. */
export function parseUnit(name: string, text: string): Unit {
  const settings = readSettings(text);
  const last = (key: string): string | undefined => settings.get(key)?.at(-1);
  const restart = last('Service.Restart') ?? 'no';
  const burst = last('Unit.StartLimitBurst') ?? last('Service.StartLimitBurst');
  const interval = last('Unit.StartLimitIntervalSec') ?? last('Service.StartLimitInterval');
  return {
    name,
    description: last('Unit.Description') ?? name,
    type: last('Service.Type') === 'oneshot' ? 'oneshot' : 'simple',
    remainAfterExit: last('Service.RemainAfterExit') === 'yes' || last('Service.RemainAfterExit') === 'true',
    startPre: (settings.get('Service.ExecStartPre') ?? []).map(execLine),
    start: (settings.get('Service.ExecStart') ?? []).map(execLine),
    stop: (settings.get('Service.ExecStop') ?? []).map(execLine),
    environment: new Map((settings.get('Service.Environment') ?? []).flatMap(assignments)),
    environmentFiles: (settings.get('Service.EnvironmentFile') ?? []).map((path) => ({
      path: path.replace(/^-/, ''),
      optional: path.startsWith('-'),
    })),
    restart: RESTART_POLICIES.includes(restart) ? (restart as RestartPolicy) : 'no',
    restartMs: seconds(last('Service.RestartSec')) ?? DEFAULT_RESTART_MS,
    startLimit: {
      burst: burst === undefined ? DEFAULT_START_LIMIT.burst : Number(burst),
      intervalMs: seconds(interval) ?? DEFAULT_START_LIMIT.intervalMs,
    },
    user: last('Service.User') ?? 'root',
    workingDirectory: last('Service.WorkingDirectory') ?? '/',
    stopTimeoutMs: seconds(last('Service.TimeoutStopSec')) ?? DEFAULT_STOP_TIMEOUT_MS,
    wantedBy: (settings.get('Install.WantedBy') ?? []).flatMap((line) => line.split(/\s+/)),
    output: pathOf(last('Service.StandardOutput')),
    errorOutput: pathOf(last('Service.StandardError') ?? last('Service.StandardOutput')),
  };
}

/** Values by `Section.Key`, in order; an empty value forgets the earlier ones. */
function readSettings(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  let section = '';
  for (const raw of text.replace(/\\\n\s*/g, ' ').split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const head = /^\[(\w+)\]$/.exec(line);
    if (head !== null) {
      section = head[1] ?? '';
      continue;
    }
    const at = line.indexOf('=');
    if (at < 0) continue;
    const key = `${section}.${line.slice(0, at).trim()}`;
    const value = line.slice(at + 1).trim();
    settings.set(key, value === '' ? [] : [...(settings.get(key) ?? []), value]);
  }
  return settings;
}

function execLine(text: string): ExecLine {
  const prefix = /^[-@:+!]*/.exec(text)?.[0] ?? '';
  return { argv: splitQuoted(text.slice(prefix.length)), mayFail: prefix.includes('-') };
}

/** Cuts at spaces, minding quotes and backslashes. */
export function splitQuoted(text: string): string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, char?: string) => double?.replace(/\\(.)/g, '$1') ?? single ?? char ?? '',
    ),
  );
}

function assignments(text: string): [string, string][] {
  return splitQuoted(text).flatMap((word): [string, string][] => {
    const at = word.indexOf('=');
    return at < 0 ? [] : [[word.slice(0, at), word.slice(at + 1)]];
  });
}

/** `5`, `5s`, `500ms`, `2min`. */
function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'infinity') return Number.MAX_SAFE_INTEGER;
  const ms = /^(\d+)ms$/.exec(text);
  if (ms !== null) return Number(ms[1]);
  return parseDuration(text.replace(/min$/, 'm').replace(/sec$/, 's'));
}

function pathOf(text: string | undefined): string | undefined {
  return /^(?:append|file|truncate):(.+)$/.exec(text ?? '')?.[1];
}
