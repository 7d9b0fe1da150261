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

function hasCode(error: unknown, code: number): boolean {
  return isGrpcServiceError(error) && (error.code as number) === code;
}
