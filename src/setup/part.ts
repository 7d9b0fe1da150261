import { isGrpcServiceError } from '@temporalio/client';

/** One thing that a namespace has to have, and what a setup did about it. */
export interface Part {
  /** What it is, for people: `search attribute NavarchNode (Keyword)`. */
  readonly part: string;
  /** `not_done`: it is missing, or not as it should be, and stays so until somebody does what `todo` says. */
  readonly outcome: 'present' | 'created' | 'updated' | 'not_done';
  /** Why it was not done. */
  readonly why?: string;
  /** Commands for an administrator to carry out in this order, or a sentence where no command helps. */
  readonly todo?: readonly string[];
}

const GRPC = { NOT_FOUND: 5, PERMISSION_DENIED: 7, UNIMPLEMENTED: 12, UNAUTHENTICATED: 16 };

/** Why Temporal lets us not do it, in one sentence; undefined where the error says something else. */
export function refusalOf(error: unknown): string | undefined {
  const service = serviceErrorOf(error);
  if (service === undefined) return undefined;
  const said = service.details === '' ? '' : `: ${service.details}`;
  if (service.code === GRPC.PERMISSION_DENIED) return `no permission (PERMISSION_DENIED${said})`;
  if (service.code === GRPC.UNAUTHENTICATED) return `Temporal does not accept the credentials (UNAUTHENTICATED${said})`;
  if (service.code === GRPC.UNIMPLEMENTED) return `this server offers it to no client (UNIMPLEMENTED${said})`;
  return undefined;
}

export function isNotFound(error: unknown): boolean {
  return serviceErrorOf(error)?.code === GRPC.NOT_FOUND;
}

/** The client wraps some of gRPC's errors. */
function serviceErrorOf(error: unknown): { readonly code: number; readonly details: string } | undefined {
  for (let link = error; link instanceof Error; link = link.cause) {
    if (isGrpcServiceError(link)) return { code: link.code, details: link.details };
  }
  return undefined;
}
