import { defaultPayloadConverter, isGrpcServiceError, type Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

type Endpoint = temporal.api.nexus.v1.IEndpoint;

/** Where a Nexus endpoint leads: callers name the endpoint, and know neither of these. */
export interface NexusEndpointTarget {
  /** One server has one endpoint of a name, for all of its namespaces. */
  readonly name: string;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** The server's own rule for names of endpoints; it also limits their length, as it is configured. */
export const ENDPOINT_NAME = /^[a-z][a-z\d-]*[a-z\d]$/i;

/** The endpoint of that name leads to another namespace, or out of this server: whoever calls it means somebody else. */
export class EndpointTakenError extends Error {
  override readonly name = 'EndpointTakenError';
}

/** Said in the Temporal UI beside the endpoint. */
const DESCRIPTION =
  'Provisions and terminates GPU nodes: service `navarch-provisioner`, operations `provisionNode` and `terminateNode`.';

/** Each takes somebody who changes the endpoints in the same instant: more is not bad luck. */
const MOST_TRIES = 3;

const ALREADY_EXISTS = 6;
const FAILED_PRECONDITION = 9;

/**
 * Makes the Nexus endpoint of that name lead to that task queue, whether or not there is one, and leaves one that does as it is, with the
 * description that an operator may have given it. May be repeated, by several at once.
 * @throws EndpointTakenError
 * @throws ServiceError of gRPC: PERMISSION_DENIED where the caller may not administer the server (Temporal Cloud has its endpoints made by
 * its own command line); NOT_FOUND or INVALID_ARGUMENT where there is no such namespace, or the name is none for an endpoint
 */
export async function ensureNexusEndpoint(
  connection: Pick<Connection, 'operatorService'>,
  wanted: NexusEndpointTarget,
): Promise<'created' | 'updated' | 'unchanged'> {
  const { name, namespace, taskQueue } = wanted;
  const target = { worker: { namespace, taskQueue } };
  for (let tries = 1; ; tries += 1) {
    const found = await findNexusEndpoint(connection, name);
    try {
      if (found === undefined) {
        const spec = { name, description: defaultPayloadConverter.toPayload(DESCRIPTION), target };
        await connection.operatorService.createNexusEndpoint({ spec });
        return 'created';
      }
      requireOurs(found, namespace);
      if (leadsTo(found, wanted)) return 'unchanged';
      const { id = '', version = null, spec } = found;
      await connection.operatorService.updateNexusEndpoint({ id, version, spec: { ...spec, target } });
      return 'updated';
    } catch (error) {
      // Somebody else created or changed it since our look.
      if (tries === MOST_TRIES || !hasCode(error, found === undefined ? ALREADY_EXISTS : FAILED_PRECONDITION)) {
        throw error;
      }
    }
  }
}

/** The endpoint of that name; undefined: the server has none. @throws what `ensureNexusEndpoint` throws */
export async function findNexusEndpoint(
  connection: Pick<Connection, 'operatorService'>,
  name: string,
): Promise<Endpoint | undefined> {
  const { endpoints } = await connection.operatorService.listNexusEndpoints({ name, pageSize: 1 });
  return endpoints[0];
}

/** Whether requests to the endpoint reach that task queue. */
export function leadsTo({ spec }: Endpoint, { namespace, taskQueue }: NexusEndpointTarget): boolean {
  const { worker } = spec?.target ?? {};
  return worker?.namespace === namespace && worker.taskQueue === taskQueue;
}

/** @throws EndpointTakenError if it leads elsewhere than to that namespace */
export function requireOurs({ spec }: Endpoint, namespace: string): void {
  const { worker } = spec?.target ?? {};
  if (worker?.namespace === namespace) return;
  const where = worker?.namespace == null ? 'another server' : `namespace ${worker.namespace}`;
  throw new EndpointTakenError(`a server has one endpoint of a name, and this one leads to ${where}`);
}

function hasCode(error: unknown, code: number): boolean {
  return isGrpcServiceError(error) && (error.code as number) === code;
}
