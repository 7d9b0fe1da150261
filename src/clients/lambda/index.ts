/** A Lambda Cloud client that is usable alone: `import { LambdaClient } from 'navarch-provisioner/lambda'`. */
export { LAMBDA_BASE_URL } from './base-url.ts';
export type { Image, SshKey } from './catalogue.ts';
export {
  LambdaCapacityError,
  LambdaConflictError,
  LambdaError,
  LambdaInvalidRequestError,
  LambdaNotFoundError,
  LambdaQuotaError,
  LambdaRateLimitError,
  LambdaResponseError,
  LambdaUnauthorizedError,
  LambdaUnavailableError,
  TerminateNotEchoedError,
} from './errors.ts';
export type { InvalidField, LambdaErrorDetails, LambdaErrorType, RequestOutcome } from './errors.ts';
export type {
  Instance,
  InstanceAction,
  InstanceStatus,
  InstanceType,
  InstanceTypeSpecs,
  KnownInstanceStatus,
  OfferedInstanceType,
  Region,
  Tag,
} from './instance.ts';
export { LambdaClient } from './lambda-client.ts';
export type { LaunchRequest } from './launch-request.ts';
export type { LambdaClientOptions, LambdaExchange, RequestOptions } from './options.ts';
export type { LambdaRequestKind } from './request-kind.ts';
