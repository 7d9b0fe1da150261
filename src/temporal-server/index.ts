export { startTemporalServer } from './start-server.ts';
export type { StartServerOptions, TemporalServer } from './start-server.ts';
export { resolveTemporalCli } from './resolve-cli.ts';
export type { ResolveOptions } from './resolve-cli.ts';
export { resolveTestServer } from './resolve-test-server.ts';
export { registerSearchAttributes, missingSearchAttributes } from './search-attributes.ts';
export type { SearchAttributeTypes } from './search-attributes.ts';
export { ServerUnavailableError, UnusableExecutableError } from './unavailable-error.ts';
