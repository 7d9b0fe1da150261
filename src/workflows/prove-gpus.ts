import type { HostInput, ProvenGpus } from '../activities/types.ts';
import type { Offering } from '../domain/offerings.ts';
import { host } from './activities.ts';
import { step } from './step.ts';
import type { Story } from './story.ts';

/** Undefined: there is nothing to prove, or the caller does not want it. */
export async function proveGpus(
  { request, board, deadlines }: Story,
  { instanceType, gpus: ordered }: Offering,
  machine: HostInput,
): Promise<ProvenGpus | undefined> {
  if (request.gpuCheck === 'off' || ordered?.count === 0) return undefined;
  board.enter('proving_gpus', 'a CUDA context on every GPU');
  // What was found, the step says itself; where its time is over without a word, nobody has looked.
  return step('ssh_unreachable', 'nobody could look at the GPUs', deadlines.gpuMs, (withinMs) =>
    host('prove the GPUs', { withinMs }).proveGpus({
      host: machine,
      instanceType,
      ...(ordered === undefined ? {} : { ordered }),
    }),
  );
}
