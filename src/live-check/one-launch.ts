import { PHASE_TITLES } from '../domain/phases.ts';
import {
  NodeNotFoundError,
  ProvisionCancelledError,
  ProvisioningError,
  type Node,
  type NodeProvision,
  type NodeProvisioner,
} from '../sdk/index.ts';
import { insist } from './insist.ts';
import { requestFor, type Choice } from './plan.ts';
import { byHand } from './report.ts';
import type { Run } from './run.ts';
import { openStage, type Stage } from './stage.ts';

/** How a launch went; by the product's own proof nothing of it is left. */
export interface Outcome {
  /** It became ready, and was ended. */
  readonly node: Node | undefined;
  /** Why it did not. */
  readonly failure: ProvisioningError | ProvisionCancelledError | undefined;
  readonly provenAt: number;
  readonly wasInterrupted: boolean;
  /** What else went wrong: to be thrown when all is said. */
  readonly trouble?: Error;
}

/**
 * One node to ready and to its proven end. Interrupted, it is ended from wherever it is, and its proof is waited for. What goes wrong after
 * the request was sent says nothing about the machine: its end is asked for while Temporal and the worker stand. What is thrown then proves
 * nothing: the state stays, and the next run ends what was left.
 */
export async function bringUpAndEnd(
  run: Run,
  launch: {
    readonly name: string;
    readonly choice: Choice;
    readonly registration: 'agent' | 'direct';
    readonly lambdaUrl: string;
  },
): Promise<Outcome> {
  const { name, choice, registration, lambdaUrl } = launch;
  const { config, options, pacer, state, tell, signal } = run;
  tell('starting Temporal, Navarch and a worker');
  let stage;
  try {
    stage = await openStage({ ...run, mode: options.temporal, account: name, lambdaUrl });
  } catch (error) {
    await state.clear(); // nothing was asked for yet
    throw error;
  }
  const { aborted } = signal; // while it was started; from here on it is listened to
  if (aborted) {
    await tidied(stage, tell);
    await stage.close();
    await state.clear();
    throw signal.reason;
  }
  const { provisioner } = stage;
  const onAbort = (): void => {
    run.write(`\nInterrupted: ${name} is being ended; this waits for the proof.\n${byHand(name)}`);
    provisioner.startTermination({ name, reason: 'live-check was interrupted' }).catch(() => undefined); // asked again below
  };
  let outcome: Pick<Outcome, 'node' | 'failure' | 'trouble'> | undefined;
  try {
    const provision = await provisioner.provision(requestFor(choice, name, registration));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const { node, failure } = await readyOrFailed(provision, tell);
    if (node !== undefined) {
      tell(`ready: ${node.instanceType} in ${node.region}, ${node.gpus.length} GPUs; ending it`);
    }
    if (failure !== undefined) tell(`not ready: ${failure.reason}; what it had launched is ended`);
    if (node !== undefined || signal.aborted) await ended(provisioner, name);
    outcome = { node, failure };
  } catch (error) {
    const trouble = error instanceof Error ? error : new Error(String(error));
    tell(`${trouble.message}; asking for the end of ${name}`);
    await insistOnEnd(run, stage, name);
    outcome = { node: undefined, failure: undefined, trouble };
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (outcome !== undefined) await tidied(stage, tell);
    await stage.close();
    pacer.pause(config.lambda.requestIntervalMs); // after the worker's last request
  }
  tell('proven gone by terminateNode and its own proof');
  return { ...outcome, provenAt: Date.now(), wasInterrupted: signal.aborted };
}

/** @throws what the last try threw: it is not proven */
async function insistOnEnd({ state, tell, write }: Run, { provisioner }: Stage, name: string): Promise<void> {
  try {
    await insist(() => ended(provisioner, name), { tell });
  } catch (error) {
    const left = await state.read().catch(() => undefined);
    tell(`this is not proven: ${name} may have a machine. Run: npm run live-check -- --resume`);
    write(byHand(name, left?.instanceId));
    throw error;
  }
}

/** The node's end is proven; that Temporal keeps something of it is no reason to say otherwise. */
export async function tidied(stage: Stage, tell: Run['tell']): Promise<void> {
  await stage.clear().catch((error: unknown) => tell(`Temporal could not be tidied up: ${String(error)}`));
}

/** The product's own end of a node, on its proof. */
export async function ended(provisioner: NodeProvisioner, name: string): Promise<void> {
  try {
    await provisioner.terminate({ name, reason: 'live-check is over' });
  } catch (error) {
    // Its owner has ended by itself meanwhile, on the same proof.
    if (!(error instanceof NodeNotFoundError)) throw error;
  }
}

async function readyOrFailed(
  provision: NodeProvision,
  tell: Run['tell'],
): Promise<Partial<Pick<Outcome, 'node' | 'failure'>>> {
  let told = '';
  for await (const { phase, detail, trouble } of provision.progress()) {
    const line = [PHASE_TITLES[phase], detail, trouble].filter((part) => part !== undefined).join('; ');
    if (line !== told) tell(line);
    told = line;
  }
  try {
    return { node: await provision.ready() };
  } catch (error) {
    if (error instanceof ProvisioningError || error instanceof ProvisionCancelledError) return { failure: error };
    throw error;
  }
}
