import type { Client } from '@temporalio/client';
import { ensureNexusEndpoint, findNexusEndpoint, leadsTo, type NexusEndpointTarget } from '../nexus-endpoint.ts';
import { nexusEndpointCommand, type Place } from './admin-commands.ts';
import { refusalOf, type Part } from './part.ts';

/** Makes the Nexus endpoint by which other namespaces call us. One that leads to another namespace is somebody else's, and stays. */
export async function setUpNexusEndpoint(
  client: Client,
  place: Place,
  target: NexusEndpointTarget,
  dryRun: boolean,
): Promise<Part> {
  const part = `Nexus endpoint ${target.name}, to task queue ${target.taskQueue} in namespace ${target.namespace}`;
  let verb: 'create' | 'update' = 'create';
  try {
    const found = await findNexusEndpoint(client.connection, target.name);
    const led = found?.spec?.target?.worker?.namespace ?? undefined;
    if (found !== undefined && led !== target.namespace) {
      return {
        part,
        outcome: 'not_done',
        why: `a server has one endpoint of a name, and this one leads to ${led === undefined ? 'another server' : `namespace ${led}`}`,
        todo: ['give another name: navarch-provisioner setup --nexus-endpoint <name>, or none: --no-nexus'],
      };
    }
    if (found !== undefined && leadsTo(found, target)) return { part, outcome: 'present' };
    if (found !== undefined) verb = 'update';
    if (!dryRun) await ensureNexusEndpoint(client.connection, target);
    return { part, outcome: verb === 'create' ? 'created' : 'updated' };
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined) throw error;
    return { part, outcome: 'not_done', why, todo: [nexusEndpointCommand(place, target, verb)] };
  }
}
