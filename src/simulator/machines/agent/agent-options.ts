/** How `navarch-node` was called. Flags and defaults are the real agent's (reference: navarch.md §3). */
export interface AgentOptions {
  readonly server: string;
  readonly nodeId: string;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly pool: string;
  readonly authToken: string;
}

const FLAGS: Readonly<Record<string, keyof AgentOptions>> = {
  server: 'server',
  'node-id': 'nodeId',
  provider: 'provider',
  region: 'region',
  zone: 'zone',
  'instance-type': 'instanceType',
  pool: 'pool',
  'auth-token': 'authToken',
};

export type ParsedOptions =
  | { readonly kind: 'options'; readonly options: AgentOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly text: string };

/** Reads flags as Go's flag package does: one dash or two, `--flag value` or `--flag=value`. */
export function parseAgentOptions(
  args: readonly string[],
  defaults: { readonly hostname: string; readonly authToken: string },
): ParsedOptions {
  const options: { -readonly [Key in keyof AgentOptions]: AgentOptions[Key] } = {
    server: 'http://localhost:50051',
    nodeId: defaults.hostname,
    provider: 'gcp',
    region: '',
    zone: '',
    instanceType: '',
    pool: '',
    authToken: defaults.authToken,
  };
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const match = /^--?([^=-][^=]*)(?:=([\s\S]*))?$/.exec(arg);
    // Go stops reading flags at the first argument that is none.
    if (match === null) break;
    const [, name = '', inline] = match;
    if (name === 'help' || name === 'h') return { kind: 'help' };
    const key = FLAGS[name];
    if (key === undefined) return { kind: 'mistake', text: `flag provided but not defined: -${name}` };
    if (inline === undefined) i += 1;
    const value = inline ?? args[i];
    if (value === undefined) return { kind: 'mistake', text: `flag needs an argument: -${name}` };
    options[key] = value;
  }
  return { kind: 'options', options };
}

export const USAGE = [
  'Usage of navarch-node:',
  ...Object.keys(FLAGS)
    .sort()
    .map((flag) => `  -${flag} string`),
  '',
].join('\n');
