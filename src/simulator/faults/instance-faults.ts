import { z } from 'zod';
import { GPU_MODELS } from '../gpu-models.ts';

const ms = z.number().nonnegative();

/** Which reads a hidden instance is missing from: the list, get (404), or both, as it is unless told. */
const from = z.enum(['list', 'get', 'both']).exactOptional();

/** How one instance misbehaves, in simulated milliseconds. Numbers are those of "What a faithful simulator must do". */
export const instanceFault = z.discriminatedUnion('kind', [
  /** Boots by this timetable, counted from the accepted launch, instead of the boot model's (§8.26, 27). */
  z.strictObject({ kind: z.literal('boots'), addressAfterMs: ms.exactOptional(), activeAfterMs: ms.exactOptional() }),
  /** Stays `booting` for ever (§8.28). It gets its address; sshd runs only where `ssh`. */
  z.strictObject({ kind: z.literal('stuck-booting'), ssh: z.boolean().exactOptional() }),
  /** Turns `unhealthy` instead of active, without sshd unless `ssh` (§8.29); may recover so long after. */
  z.strictObject({
    kind: z.literal('unhealthy'),
    recoversAfterMs: ms.exactOptional(),
    ssh: z.boolean().exactOptional(),
  }),
  /** Turns `unhealthy` so long after it was active, and may recover so long after that (§8.29). SSH goes on. */
  z.strictObject({
    kind: z.literal('turns-unhealthy'),
    afterActiveMs: ms,
    recoversAfterMs: ms.exactOptional(),
  }),
  /** The address comes together with active, so long after it, or never (§8.27). */
  z.strictObject({
    kind: z.literal('address'),
    when: z.enum(['with-active', 'after-active', 'never']),
    afterActiveMs: ms.exactOptional(),
  }),
  /** Ends without being asked, so long after the launch: preempted, or terminated by someone at the console (§8.30). */
  z.strictObject({ kind: z.literal('ends'), as: z.enum(['preempted', 'terminated']), afterMs: ms }),
  /** Missing from reads for so long after the launch (§8.23). What get does not know, terminate and restart do not know either. */
  z.strictObject({ kind: z.literal('unlisted'), forMs: ms, from }),
  /**
   * The same in the middle of its life: missing from so long after the accepted launch, for so long, then back (§8.23). The machine
   * runs on, and is billed. An instance may vanish more than once.
   */
  z.strictObject({ kind: z.literal('vanishes'), afterMs: ms, forMs: ms, from }),
  /** Reads show the status it had so long ago (§8.24). */
  z.strictObject({ kind: z.literal('stale-status'), forMs: ms }),
  /** The second read that would show `active` shows `booting` once more (§8.24). */
  z.strictObject({ kind: z.literal('status-goes-back') }),
  /** Reads show this word, which no description knows, for so long after active (§8.9). */
  z.strictObject({ kind: z.literal('unknown-status'), status: z.string(), forMs: ms }),
  /** How long it can still be seen once it is terminated or preempted (§8.23). */
  z.strictObject({ kind: z.literal('lingers'), listedMs: ms.exactOptional(), gettableMs: ms.exactOptional() }),
  /** Terminate is refused with 409 `global/conflict` (or this) while booting (§8.43). */
  z.strictObject({
    kind: z.literal('terminate-refused-while-booting'),
    status: z.int().exactOptional(),
    code: z.string().exactOptional(),
  }),
  /** The first `times` terminates (1 unless told) are answered 200, name nobody, and do nothing (§8.41). */
  z.strictObject({ kind: z.literal('terminate-not-applied'), times: z.int().positive().exactOptional() }),
  /** Stays `terminating` for so long, or for ever (§8.39, 43). Its place in the offering stays taken. */
  z.strictObject({ kind: z.literal('stuck-terminating'), forMs: ms.exactOptional() }),
  /** What a second terminate answers (§8.42). Default `ok`. `unknown` is `global/unknown` with this status, 500 unless told. */
  z.strictObject({
    kind: z.literal('second-terminate'),
    answer: z.enum(['ok', 'not-found', 'unknown']),
    status: z.int().exactOptional(),
  }),
  /** CUDA answers this on these GPUs (all unless told): 802 is "system not yet initialized". It may recover so long after power-on (§8.37). */
  z.strictObject({
    kind: z.literal('cuda-error'),
    code: z.int().positive(),
    gpus: z.array(z.int().nonnegative()).exactOptional(),
    recoversAfterMs: ms.exactOptional(),
  }),
  /** These GPUs, counted from 0, have fallen off the bus: neither nvidia-smi nor CUDA nor the agent shows them. */
  z.strictObject({ kind: z.literal('gpus-missing'), gpus: z.array(z.int().nonnegative()) }),
  /** The machine has GPUs of another model than its type. */
  z.strictObject({
    kind: z.literal('wrong-gpus'),
    model: z.enum(Object.keys(GPU_MODELS) as (keyof typeof GPU_MODELS)[]),
  }),
]);

export type InstanceFault = z.infer<typeof instanceFault>;

export type HiddenFrom = Extract<InstanceFault, { kind: 'vanishes' }>['from'];

/** Those that can still befall an instance that lives; the others shape its boot. */
export type LaterInstanceFault = Extract<
  InstanceFault,
  {
    kind:
      | 'vanishes'
      | 'stale-status'
      | 'status-goes-back'
      | 'unknown-status'
      | 'lingers'
      | 'terminate-refused-while-booting'
      | 'terminate-not-applied'
      | 'stuck-terminating'
      | 'second-terminate';
  }
>;

/** The fault of this kind, if the instance has one; the first wins. */
export function faultOf<K extends InstanceFault['kind']>(
  faults: readonly InstanceFault[],
  kind: K,
): Extract<InstanceFault, { kind: K }> | undefined {
  return faults.find((fault): fault is Extract<InstanceFault, { kind: K }> => fault.kind === kind);
}
