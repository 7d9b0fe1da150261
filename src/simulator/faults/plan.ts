import { z } from 'zod';
import { instanceFault } from './instance-faults.ts';
import { machineFaults } from './machine-faults.ts';
import { navarchFault } from './navarch-faults.ts';
import { OPERATIONS, requestFault } from './request-faults.ts';

const counts = z.union([z.int().positive(), z.array(z.int().positive())]);
const probability = z.number().min(0).max(1);

/** Which of the requests (or launches) a rule strikes: all conditions given must hold. A rule without conditions always strikes. */
const selection = {
  /** Only every so many-th of them. */
  every: z.int().positive().exactOptional(),
  /** Each of them with this chance, drawn from the seed. */
  probability: probability.exactOptional(),
  /** No more often than this. */
  times: z.int().positive().exactOptional(),
  /** From and to (exclusive), in simulated milliseconds since the simulator's start. */
  between: z.tuple([z.number(), z.number()]).exactOptional(),
  /** The instance's name contains this text. Requests that concern no one instance (list) never match. */
  matchName: z.string().exactOptional(),
};

/** A request to the Lambda API goes wrong. The same request may be struck by several rules; the first of each kind counts. */
const requestRule = z.strictObject({
  /** `read` is every operation that changes nothing. */
  on: z.enum([...OPERATIONS, 'read', 'any']),
  /** The n-th (from 1) of the requests that pass `on`, `between` and `matchName`, or any of these. */
  nth: counts.exactOptional(),
  /** The same, counted anew from each accepted launch, whatever was answered to it; none before the first (§8.11). */
  afterLaunch: counts.exactOptional(),
  ...selection,
  do: requestFault,
});

/** An instance misbehaves; decided when its launch is accepted. */
const instanceRule = z.strictObject({
  on: z.literal('instance'),
  /** The n-th (from 1) accepted launch of the simulator, or any of these. */
  launch: counts.exactOptional(),
  type: z.string().exactOptional(),
  region: z.string().exactOptional(),
  ...selection,
  do: instanceFault,
});

/** The machine of an instance misbehaves. Rules add up; of two that set the same field the later wins. */
const machineRule = z.strictObject({
  on: z.literal('machine'),
  launch: counts.exactOptional(),
  type: z.string().exactOptional(),
  region: z.string().exactOptional(),
  ...selection,
  do: machineFaults,
});

const navarchRule = z.strictObject({ on: z.literal('navarch'), do: navarchFault });

export const faultRule = z.discriminatedUnion('on', [requestRule, instanceRule, machineRule, navarchRule]);
export const faultPlan = z.array(faultRule);

/** One thing that goes wrong, and when. */
export type FaultRule = z.infer<typeof faultRule>;
export type RequestRule = z.infer<typeof requestRule>;
export type InstanceRule = z.infer<typeof instanceRule>;
export type MachineRule = z.infer<typeof machineRule>;

/** Everything that goes wrong in a simulation, as data: the same plan and seed go wrong the same way. */
export type FaultPlan = readonly FaultRule[];

/** Reads a plan from JSON. Throws an error that names each bad field. */
export function parseFaultPlan(json: unknown): FaultPlan {
  const parsed = faultPlan.safeParse(json);
  if (!parsed.success) throw new Error(`fault plan: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
