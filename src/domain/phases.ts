/** Where a node is on its way. Shown as the search attribute NavarchPhase and in the progress query. */
export const PHASES = [
  'accepted',
  'waiting_for_capacity',
  'launching',
  'booting',
  'connecting',
  'proving_gpus',
  'bootstrapping',
  'waiting_for_active',
  'registering',
  'unwinding',
  'ready',
  'ending',
  'ended',
] as const;

export type Phase = (typeof PHASES)[number];

/** Phases in which an owner has an instance in hand. A word of another version's is none of them. */
const WITH_INSTANCE: readonly string[] = [
  'booting',
  'connecting',
  'proving_gpus',
  'bootstrapping',
  'waiting_for_active',
  'registering',
  'unwinding',
  'ready',
  'ending',
] satisfies readonly Phase[];

export function hasInstance(phase: string | undefined): boolean {
  return phase !== undefined && WITH_INSTANCE.includes(phase);
}

/** For people, in the present tense. */
export const PHASE_TITLES: Readonly<Record<Phase, string>> = {
  accepted: 'accepted',
  waiting_for_capacity: 'waiting for capacity',
  launching: 'launching',
  booting: 'booting',
  connecting: 'connecting over SSH',
  proving_gpus: 'proving its GPUs',
  bootstrapping: 'bootstrapping',
  waiting_for_active: 'waiting until Lambda says active',
  registering: 'registering with Navarch',
  unwinding: 'unwinding',
  ready: 'ready',
  ending: 'ending',
  ended: 'ended',
};
