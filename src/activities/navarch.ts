import { NavarchError } from '../clients/navarch/index.ts';
import { awaitRegistration, lookAtRegistration } from './await-registration.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { fromNavarch } from './failures.ts';
import type { NavarchActivities } from './types.ts';

/** A name that no node has: ours are instance ids. */
const NOBODY = 'navarch-provisioner-check';

export function createNavarchActivities(dependencies: ActivityDependencies): NavarchActivities {
  const { navarch } = dependencies;
  return {
    async checkNavarch() {
      try {
        await navarch.getNode(NOBODY);
      } catch (error) {
        if (!(error instanceof NavarchError)) throw error;
        if (error.kind === 'unauthorized') throw fromNavarch(error);
      }
    },

    awaitRegistration: (input) => awaitRegistration(dependencies, input),

    lookAtRegistration: (input) => lookAtRegistration(dependencies, input),

    async markNode({ nodeId, command }) {
      try {
        await navarch.issueCommand({ nodeId, command });
      } catch (error) {
        if (error instanceof NavarchError && error.kind === 'not_found') return;
        throw fromNavarch(error);
      }
    },
  };
}
