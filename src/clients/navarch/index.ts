export { NavarchClient } from './client.ts';
export type { NavarchAuthToken, NavarchCallOptions, NavarchClientOptions, NavarchCommand } from './client.ts';
export { NavarchError } from './errors.ts';
export type { NavarchErrorKind } from './errors.ts';
export type { NavarchInstance, NavarchInstanceState } from './instance.ts';
export type { NavarchGpu, NavarchHealth, NavarchNode, NavarchNodeStatus } from './node.ts';
export type { NavarchAgentConfig, NavarchRegistration } from './registration.ts';
