import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { inPlainWords } from './contract/plain-words.ts';
import { ACCOUNT_NAME, ACCOUNT_NAME_RULE } from './contract/task-queues.ts';
import { BOOTSTRAP_SECRET_PATTERN } from './domain/bootstrap-plan.ts';
import { DURATION_PATTERN, LONGEST_MS, parseDuration } from './domain/durations.ts';
import { parseKeyRing, PayloadKeysError } from './payload-encryption/index.ts';

// The environment, read in one place and typed once. A secret may be given as NAME or as NAME_FILE, the path of a file that holds it; a
// file is read again at each use, so that secrets are rotated without a restart (P8). Temporal's own variables are read by
// @temporalio/envconfig.

/** What is wrong with the environment: one sentence a variable, each naming it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Reads a secret now. */
export type Secret = () => Promise<string>;

export interface WorkerConfig {
  readonly account: string | undefined;
  readonly lambda: {
    readonly apiKey: Secret;
    readonly baseUrl: string | undefined;
    readonly timeoutMs: number;
    readonly sshKeyName: string | undefined;
    readonly imageFamily: string | undefined;
    readonly requestIntervalMs: number;
    readonly launchIntervalMs: number;
  };
  /** Of the account, held when a launch is granted. */
  readonly caps: { readonly instances?: number; readonly centsPerHour?: number };
  readonly ssh: {
    readonly privateKey: Secret;
    /** What the key was before it was exchanged: machines made before take it only. */
    readonly previousPrivateKey: Secret | undefined;
    readonly hostKeySecret: Secret;
    readonly username: string;
    readonly port: number;
  };
  readonly navarch: {
    readonly controlPlaneUrl: string;
    readonly agentControlPlaneUrl: string;
    readonly authToken: Secret | undefined;
    readonly agentDownloadUrl: string;
    readonly agentSha256: { readonly amd64?: string; readonly arm64?: string };
  };
  /** Reads one now, by its name; undefined: there is none. */
  readonly bootstrapSecret: (name: string) => Promise<string | undefined>;
  readonly http: { readonly host: string; readonly port: number };
  readonly metricsAddress: string | undefined;
  readonly log: {
    readonly level: (typeof LOG_LEVELS)[number];
    readonly format: 'json' | 'pretty';
    /** Further fields that are not written. */
    readonly redact?: readonly string[];
  };
  readonly maxCachedWorkflows: number;
  /** Whether OpenTelemetry's own variables say where traces go. */
  readonly tracing: boolean;
  /** Undefined: payloads are not encrypted. */
  readonly payloadKeys: Secret | undefined;
  /** The version of a deployment that this worker is; undefined: it is none. */
  readonly deployment: { readonly deploymentName: string; readonly buildId: string } | undefined;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** Names with dots between them; `*` is any one. */
const LOG_FIELD = /^(\*|[A-Za-z_$][\w$]*)(\.(\*|[A-Za-z_$][\w$]*))*$/;

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const duration = z
  .string()
  .regex(DURATION_PATTERN, 'must be a whole number and a unit: 500ms, 30s, 15m')
  .refine((text) => {
    const ms = parseDuration(text);
    return ms === undefined || (ms > 0 && ms <= LONGEST_MS);
  }, 'must be longer than 0s and at most 3650d')
  .transform((text) => parseDuration(text) ?? 0);
const sha256 = z
  .string()
  .regex(/^[\da-fA-F]{64}$/, 'must be 64 hex digits')
  .transform((text) => text.toLowerCase());
const payloadKeys = z.string().check(({ value, issues }) => {
  try {
    parseKeyRing(value);
  } catch (error) {
    if (!(error instanceof PayloadKeysError)) throw error;
    issues.push({ code: 'custom', message: error.message, input: value });
  }
});
const hostAndPort = z
  .string()
  .regex(/^([\w.-]+|\[[\da-fA-F:.]+\]):\d{1,5}$/, 'must be host:port, such as 127.0.0.1:8080')
  .refine((text) => Number(/\d+$/.exec(text)?.[0] ?? 0) <= 65_535, 'must have a port of at most 65535');

/** Digits only: `0x16` and ` ` are numbers to JavaScript, and mistakes to everybody else. */
function wholeNumber(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, rule)
    .refine((text) => !/^\d{1,9}$/.test(text) || (Number(text) >= least && Number(text) <= most), rule)
    .transform(Number);
}

/** Every variable the worker reads, with its default and what it is for: the README's table is checked against this. */
export const VARIABLES = {
  LAMBDA_API_KEY: z.string().min(1).describe('Lambda Cloud API key. Secret.'),
  LAMBDA_BASE_URL: url.optional().describe('Lambda Cloud API. Default https://cloud.lambda.ai.'),
  LAMBDA_TIMEOUT: duration.default(30_000).describe('Of one Lambda request other than a launch. Default 30s.'),
  LAMBDA_SSH_KEY_NAME: z
    .string()
    .min(1)
    .optional()
    .describe('SSH key registered with Lambda that launches use unless they name one.'),
  LAMBDA_IMAGE_FAMILY: z
    .string()
    .min(1)
    .default('lambda-stack-24-04')
    .describe(
      'Image family that launches use unless they name an image (the default of Lambda differs by region). Default lambda-stack-24-04.',
    ),
  LAMBDA_REQUEST_INTERVAL: duration
    .default(1_100)
    .describe('Between two Lambda requests of the account (Lambda allows 1 a second). Default 1100ms.'),
  LAMBDA_LAUNCH_INTERVAL: duration
    .default(13_000)
    .describe('Between two launches of the account (Lambda allows 1 in 12 seconds). Default 13s.'),
  NAVARCH_MAX_INSTANCES: wholeNumber(1, 100_000)
    .optional()
    .describe(
      'No launch is granted while the account has so many instances, whoever they belong to. Default: as many as Lambda allows.',
    ),
  NAVARCH_MAX_USD_PER_HOUR: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,2})?$/, 'must be US dollars, such as 250 or 99.50')
    .refine((text) => !/^[\d.]+$/.test(text) || Number(text) > 0, 'must be more than 0')
    .transform(Number)
    .optional()
    .describe(
      'No launch is granted that would make all instances of the account together cost more than this. Default: no such limit.',
    ),
  NAVARCH_ACCOUNT: z
    .string()
    .regex(ACCOUNT_NAME, ACCOUNT_NAME_RULE)
    .optional()
    .describe(
      'Name of the Lambda account, part of the task queues. Default: none, the queues are navarch-provisioner…',
    ),
  NAVARCH_SSH_PRIVATE_KEY: z.string().min(1).describe('Private half of that SSH key, PEM or OpenSSH. Secret.'),
  NAVARCH_SSH_PREVIOUS_PRIVATE_KEY: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What that key was before it was exchanged, for machines that were made before. A worker that read it in the last six hours needs it not. Secret. Default: none.',
    ),
  NAVARCH_SSH_USER: z.string().min(1).default('ubuntu').describe('Login user of the image. Default ubuntu.'),
  NAVARCH_SSH_PORT: wholeNumber(1, 65_535).default(22).describe('SSH port of the machines. Default 22.'),
  NAVARCH_HOST_KEY_SECRET: z
    .string()
    .min(16, 'must be at least 16 characters')
    .optional()
    .describe(
      "From which each machine's SSH host key is derived; the same on all workers. Secret. Default: the SSH private key.",
    ),
  NAVARCH_CONTROL_PLANE_URL: url.describe("Navarch's control plane, as the worker reaches it."),
  NAVARCH_AGENT_CONTROL_PLANE_URL: url
    .optional()
    .describe("Navarch's control plane, as the machines reach it. Default: as the worker does."),
  NAVARCH_AUTH_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe("Navarch's bearer token, for the worker and the agents. Secret. Default: none."),
  NAVARCH_AGENT_DOWNLOAD_URL: url
    .default('https://github.com/NavarchProject/navarch/releases/latest/download')
    .describe("Where navarch-node-linux-amd64 and -arm64 are downloaded from. Default: Navarch's latest release."),
  NAVARCH_AGENT_SHA256_AMD64: sha256
    .optional()
    .describe('SHA-256 that navarch-node-linux-amd64 has to have. Default: it is not checked.'),
  NAVARCH_AGENT_SHA256_ARM64: sha256
    .optional()
    .describe('SHA-256 that navarch-node-linux-arm64 has to have. Default: it is not checked.'),
  NAVARCH_BOOTSTRAP_SECRETS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder with one file per secret that requests may name in bootstrap.secrets; the file's name is the secret's. Default: none.",
    ),
  NAVARCH_PAYLOAD_KEYS: payloadKeys
    .optional()
    .describe(
      'Keys that encrypt what Temporal stores, one a line as id:base64; the first encrypts, all decrypt; see docs/encryption.md. Secret. Default: it is not encrypted.',
    ),
  NAVARCH_HTTP_ADDRESS: hostAndPort
    .default('127.0.0.1:8080')
    .describe('Where /healthz and /readyz answer. Default 127.0.0.1:8080.'),
  NAVARCH_METRICS_ADDRESS: hostAndPort.optional().describe('Where Prometheus metrics are served. Default: not at all.'),
  NAVARCH_LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`)
    .default('info')
    .describe('Default info.'),
  NAVARCH_LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').default('json').describe('Default json.'),
  NAVARCH_LOG_REDACT: z
    .string()
    .transform((text) => text.split(',').map((path) => path.trim()))
    .refine(
      (paths) => paths.every((path) => LOG_FIELD.test(path)),
      'must be names of fields, such as reason,err,*.address',
    )
    .optional()
    .describe(
      'Fields of log lines that are written as [redacted], besides those that hold secrets: `reason,err,*.address`. Default: none.',
    ),
  NAVARCH_MAX_CACHED_WORKFLOWS: wholeNumber(2, 1_000_000)
    .default(100)
    .describe('Workflows kept in memory between their tasks; others are replayed. Default 100.'),
  NAVARCH_DEPLOYMENT_NAME: z
    .string()
    .regex(/^[\dA-Za-z][\w-]{0,99}$/, 'must be letters, digits, _ and -, at most 100, and begin with a letter or digit')
    .optional()
    .describe(
      "Worker Versioning: the deployment that this worker is a version of, one for each account; see docs/upgrading.md. Default: none, and Temporal gives any worker any workflow's tasks.",
    ),
  NAVARCH_BUILD_ID: z
    .string()
    .regex(
      /^[\dA-Za-z][\w.+-]{0,99}$/,
      'must be letters, digits, . _ + and -, at most 100, and begin with a letter or digit',
    )
    .optional()
    .describe('Worker Versioning: the version, another one for each build. Set both or neither. Default: none.'),
} as const;

/** Those that may also be given as NAME_FILE. */
export const SECRETS = [
  'LAMBDA_API_KEY',
  'NAVARCH_SSH_PRIVATE_KEY',
  'NAVARCH_SSH_PREVIOUS_PRIVATE_KEY',
  'NAVARCH_HOST_KEY_SECRET',
  'NAVARCH_AUTH_TOKEN',
  'NAVARCH_PAYLOAD_KEYS',
] as const;

type SecretName = (typeof SECRETS)[number];
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param environment usually process.env
 * @throws ConfigurationError naming every variable at fault
 */
export function readConfig(environment: Environment = process.env): WorkerConfig {
  const unreadable = new Map<string, string>();
  const given = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, valueOf(name, environment)]));
  for (const name of SECRETS) given[name] = fromFile(name, environment, given[name], unreadable);

  const parsed = z.object(VARIABLES).safeParse(given, { error: inPlainWords });
  const issues = parsed.success ? [] : parsed.error.issues.filter((issue) => !unreadable.has(String(issue.path[0])));
  const problems = [
    ...unreadable.values(),
    ...issues.map((issue) => explain(issue, environment)),
    ...halfAVersion(environment),
    ...tracesNotSent(environment),
  ];
  if (!parsed.success || problems.length > 0)
    throw new ConfigurationError(`configuration: ${[...new Set(problems)].join('; ')}`);

  const v = parsed.data;
  const privateKey = secret('NAVARCH_SSH_PRIVATE_KEY', environment, v.NAVARCH_SSH_PRIVATE_KEY);
  const [, host = '', httpPort = ''] = /^\[?(.+?)\]?:(\d+)$/.exec(v.NAVARCH_HTTP_ADDRESS) ?? [];
  return {
    account: v.NAVARCH_ACCOUNT,
    lambda: {
      apiKey: secret('LAMBDA_API_KEY', environment, v.LAMBDA_API_KEY),
      baseUrl: v.LAMBDA_BASE_URL,
      timeoutMs: v.LAMBDA_TIMEOUT,
      sshKeyName: v.LAMBDA_SSH_KEY_NAME,
      imageFamily: v.LAMBDA_IMAGE_FAMILY,
      requestIntervalMs: v.LAMBDA_REQUEST_INTERVAL,
      launchIntervalMs: v.LAMBDA_LAUNCH_INTERVAL,
    },
    caps: {
      ...(v.NAVARCH_MAX_INSTANCES === undefined ? {} : { instances: v.NAVARCH_MAX_INSTANCES }),
      ...(v.NAVARCH_MAX_USD_PER_HOUR === undefined
        ? {}
        : { centsPerHour: Math.round(v.NAVARCH_MAX_USD_PER_HOUR * 100) }),
    },
    ssh: {
      privateKey,
      previousPrivateKey:
        v.NAVARCH_SSH_PREVIOUS_PRIVATE_KEY === undefined
          ? undefined
          : secret('NAVARCH_SSH_PREVIOUS_PRIVATE_KEY', environment, v.NAVARCH_SSH_PREVIOUS_PRIVATE_KEY),
      hostKeySecret:
        v.NAVARCH_HOST_KEY_SECRET === undefined
          ? privateKey
          : secret('NAVARCH_HOST_KEY_SECRET', environment, v.NAVARCH_HOST_KEY_SECRET),
      username: v.NAVARCH_SSH_USER,
      port: v.NAVARCH_SSH_PORT,
    },
    navarch: {
      controlPlaneUrl: v.NAVARCH_CONTROL_PLANE_URL,
      agentControlPlaneUrl: v.NAVARCH_AGENT_CONTROL_PLANE_URL ?? v.NAVARCH_CONTROL_PLANE_URL,
      authToken:
        v.NAVARCH_AUTH_TOKEN === undefined
          ? undefined
          : secret('NAVARCH_AUTH_TOKEN', environment, v.NAVARCH_AUTH_TOKEN),
      agentDownloadUrl: v.NAVARCH_AGENT_DOWNLOAD_URL.replace(/\/+$/, ''),
      agentSha256: {
        ...(v.NAVARCH_AGENT_SHA256_AMD64 === undefined ? {} : { amd64: v.NAVARCH_AGENT_SHA256_AMD64 }),
        ...(v.NAVARCH_AGENT_SHA256_ARM64 === undefined ? {} : { arm64: v.NAVARCH_AGENT_SHA256_ARM64 }),
      },
    },
    bootstrapSecret: (name) => bootstrapSecret(v.NAVARCH_BOOTSTRAP_SECRETS_DIR, name),
    http: { host, port: Number(httpPort) },
    metricsAddress: v.NAVARCH_METRICS_ADDRESS,
    log: {
      level: v.NAVARCH_LOG_LEVEL,
      format: v.NAVARCH_LOG_FORMAT,
      ...(v.NAVARCH_LOG_REDACT === undefined ? {} : { redact: v.NAVARCH_LOG_REDACT }),
    },
    maxCachedWorkflows: v.NAVARCH_MAX_CACHED_WORKFLOWS,
    tracing: isTracing(environment),
    payloadKeys:
      v.NAVARCH_PAYLOAD_KEYS === undefined
        ? undefined
        : secret('NAVARCH_PAYLOAD_KEYS', environment, v.NAVARCH_PAYLOAD_KEYS),
    deployment:
      v.NAVARCH_DEPLOYMENT_NAME === undefined || v.NAVARCH_BUILD_ID === undefined
        ? undefined
        : { deploymentName: v.NAVARCH_DEPLOYMENT_NAME, buildId: v.NAVARCH_BUILD_ID },
  };
}

const TRACES_ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/** As OpenTelemetry has its variables: an endpoint turns traces on, and two others turn them off all the same. */
function isTracing(environment: Environment): boolean {
  if (valueOf('OTEL_SDK_DISABLED', environment)?.toLowerCase() === 'true') return false;
  if (valueOf('OTEL_TRACES_EXPORTER', environment) === 'none') return false;
  return TRACES_ENDPOINTS.some((name) => valueOf(name, environment) !== undefined);
}

/** The exporter would say so at each of its tries, and nobody would see a span. */
function tracesNotSent(environment: Environment): readonly string[] {
  if (!isTracing(environment)) return [];
  const bad = TRACES_ENDPOINTS.filter((name) => !url.optional().safeParse(valueOf(name, environment)).success);
  const protocols = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  const grpc = protocols.find((name) => valueOf(name, environment) !== undefined);
  return [
    ...bad.map((name) => `${name}: must be an http or https URL`),
    ...(grpc !== undefined && valueOf(grpc, environment) === 'grpc'
      ? [`${grpc}: must be http/json, for traces are sent over HTTP (a collector's port 4318)`]
      : []),
  ];
}

/** A worker that is half a version would be none in silence, and take the work of all. */
function halfAVersion(environment: Environment): readonly string[] {
  const names = ['NAVARCH_DEPLOYMENT_NAME', 'NAVARCH_BUILD_ID'];
  const missing = names.filter((name) => valueOf(name, environment) === undefined);
  const [name] = missing;
  if (name === undefined || missing.length === names.length) return [];
  return [`${name} is not set, but ${names.find((other) => other !== name)} is: set both or neither`];
}

/** What a variable is set to, without the white space around it. One that is empty counts as not set. */
function valueOf(name: string, environment: Environment): string | undefined {
  const value = trimmed(environment[name] ?? '');
  return value === '' ? undefined : value;
}

/** The secret's text from NAME, or from the file NAME_FILE names. What is wrong with the file goes to `unreadable`. */
function fromFile(
  name: SecretName,
  environment: Environment,
  direct: string | undefined,
  unreadable: Map<string, string>,
): string | undefined {
  const path = valueOf(`${name}_FILE`, environment);
  if (path === undefined) return direct;
  if (direct !== undefined) {
    unreadable.set(name, `${name} and ${name}_FILE are both set: keep one`);
    return direct;
  }
  try {
    return contentOf(name, path, readFileSync(path, 'utf8'));
  } catch (error) {
    unreadable.set(name, unreadableFile(name, path, error).message);
    return undefined;
  }
}

/** Read again at each use where it is a file. A file that is empty just then is an error, not an empty secret: it is being exchanged. */
function secret(name: SecretName, environment: Environment, value: string): Secret {
  const path = valueOf(`${name}_FILE`, environment);
  if (path === undefined) return () => Promise.resolve(value);
  return async () => {
    try {
      return contentOf(name, path, await readFile(path, 'utf8'));
    } catch (error) {
      throw unreadableFile(name, path, error);
    }
  };
}

/** The file of that name in the folder, without the newline that closes it. Read at each use. */
async function bootstrapSecret(folder: string | undefined, name: string): Promise<string | undefined> {
  if (folder === undefined || !BOOTSTRAP_SECRET_PATTERN.test(name)) return undefined;
  let text: string;
  try {
    text = await readFile(join(folder, name), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT') return undefined;
    throw new ConfigurationError(`NAVARCH_BOOTSTRAP_SECRETS_DIR: cannot read ${name} in it (${code})`);
  }
  // No program's environment can hold it, and the rest of the value would be cut off in silence.
  if (text.includes('\0')) throw new ConfigurationError(`NAVARCH_BOOTSTRAP_SECRETS_DIR: ${name} has a NUL in it`);
  return text.replace(/\r?\n$/, '');
}

function contentOf(name: SecretName, path: string, text: string): string {
  const content = trimmed(text);
  if (content === '') throw new ConfigurationError(`${name}_FILE: ${shownPath(path)} is empty`);
  return content;
}

function unreadableFile(name: SecretName, path: string, error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new ConfigurationError(`${name}_FILE: cannot read ${shownPath(path)} (${code})`);
}

/**
 * A path, as far as it looks like one: somebody may have put the secret itself where its file's path belongs. For the same reason the
 * system's own error, whose text repeats the path, goes no further than its code.
 */
function shownPath(path: string): string {
  return /^(\.{0,2}|~)\/[^\n]{1,200}$|^[\w-]{1,40}\.[a-z]{1,8}$/.test(path) ? path : 'the file it names';
}

/** A token's closing newline is the editor's; a private key needs its own. */
function trimmed(text: string): string {
  return text.includes('PRIVATE KEY') ? text : text.trim();
}

function explain(issue: z.core.$ZodIssue, environment: Environment): string {
  const name = String(issue.path[0]);
  const isSecret = (SECRETS as readonly string[]).includes(name);
  const value = valueOf(name, environment);
  if (value !== undefined)
    return isSecret ? `${name}: ${issue.message}` : `${name}: ${issue.message}, but is ${shown(value)}`;
  if (isSecret && valueOf(`${name}_FILE`, environment) !== undefined) return `${name}_FILE: ${issue.message}`;
  return `${name} is not set${isSecret ? ` (nor ${name}_FILE, the path of a file that holds it)` : ''}: ${describe(name)}`;
}

/** A value in quotes; without the password that a URL may carry. */
function shown(value: string): string {
  return JSON.stringify(value.replace(/\/\/[^/@]*@/, '//…@'));
}

function describe(name: string): string {
  const [first = ''] = ((VARIABLES as Readonly<Record<string, z.ZodType>>)[name]?.description ?? '').split('. ');
  return first.replace(/\.$/, '');
}
