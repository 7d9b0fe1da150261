import type { ActivityDependencies } from './dependencies.ts';
import type { HostInput, ProvenGpus } from './types.ts';
import type { OrderedGpus } from '../domain/offerings.ts';

export async function proveGpus(
  _dependencies: ActivityDependencies,
  _input: { readonly host: HostInput; readonly instanceType: string; readonly ordered?: OrderedGpus },
): Promise<ProvenGpus> {
  return Promise.resolve({ gpus: [], bootId: '' });
}
