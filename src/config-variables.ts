import { SECRETS, VARIABLES } from './config.ts';

// Which variables there are, beside those of the worker in config.ts, and what somebody may have meant by one that there is not.

/** Of ours, and read elsewhere: by callers, by the development servers, by `npm run live-check`. */
const READ_ELSEWHERE: Readonly<Record<string, string>> = {
  NAVARCH_TEMPORAL_UI_URL: "The Temporal UI: the command line's errors then point to it.",
  NAVARCH_CODEC_SERVER_TOKEN: 'What has to be shown to the codec server. Secret.',
  NAVARCH_CODEC_SERVER_TOKEN_FILE: 'The path of a file that holds it.',
  NAVARCH_PROVISIONER_CACHE_DIR: 'Where development servers of Temporal are kept.',
};

/** Temporal's, as @temporalio/envconfig reads them. */
export const TEMPORAL_VARIABLES: readonly string[] = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
];

/** OpenTelemetry's that say whether there are traces, and where they go. */
export const OTEL_VARIABLES: readonly string[] = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'OTEL_TRACES_EXPORTER',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_SERVICE_NAME',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SDK_DISABLED',
];

/** Those of others' whose value is nobody's to see: keys, and headers that carry them. */
export const OTHERS_SECRETS: readonly string[] = [
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
];

const KNOWN: readonly string[] = [
  ...Object.keys(VARIABLES),
  ...SECRETS.map((name) => `${name}_FILE`),
  ...Object.keys(READ_ELSEWHERE),
];

/** A variable that looks like one of ours, and is none. */
export interface UnknownVariable {
  readonly name: string;
  /** The one that is most like it, if any is. */
  readonly meant?: string;
}

/** What is set and begins like ours, but nobody reads: mostly a slip, and its meaning is lost in silence. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
): readonly UnknownVariable[] {
  return Object.keys(environment)
    .filter((name) => /^(NAVARCH|LAMBDA)_/.test(name) && !KNOWN.includes(name) && !isOfService(name, environment))
    .sort()
    .map((name) => {
      const meant = mostLike(name, KNOWN);
      return { name, ...(meant === undefined ? {} : { meant }) };
    });
}

/** Kubernetes tells every container of every Service: one named `navarch` makes NAVARCH_SERVICE_HOST, NAVARCH_PORT_50051_TCP and so on. */
function isOfService(name: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  const [, service] = /^(\w+?)_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_\w+)?$/.exec(name) ?? [];
  return service !== undefined && environment[`${service}_SERVICE_HOST`] !== undefined;
}

export function unknownVariableText({ name, meant }: UnknownVariable): string {
  return `${name} is set, and nothing reads it${meant === undefined ? '' : `; is ${meant} meant?`}`;
}

/** Undefined: none is so near that it could be a slip. */
function mostLike(name: string, candidates: readonly string[]): string | undefined {
  const words = (text: string): string => text.split('_').slice(1).sort().join('_');
  const [best] = candidates
    .map((candidate) => ({
      candidate,
      // Words in another order, or the other prefix, are near, too.
      away: Math.min(distance(name, candidate), distance(words(name), words(candidate)) + 1),
    }))
    .sort((a, b) => a.away - b.away);
  return best !== undefined && best.away <= Math.max(2, Math.floor(name.length / 5)) ? best.candidate : undefined;
}

/** Levenshtein's: how many characters are to be put in, taken out or exchanged. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (character === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
