import { shellQuote } from '../clients/ssh/index.ts';
import { DEFAULT_DEADLINES } from '../domain/deadlines.ts';
import { agentSteps } from '../domain/agent-steps.ts';
import { commandSteps, type BootstrapStep } from '../domain/bootstrap-plan.ts';
import { runnerScript } from '../domain/bootstrap-runner.ts';
import type { Delivery } from './bootstrap-machine.ts';
import { readBootstrapSecrets } from './bootstrap-secrets.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { redactionOf, type Redaction } from './redaction.ts';
import type { BootstrapInput } from './types.ts';

const DIRECTORY = '/var/lib/navarch-provisioner';

export interface BootstrapOrder {
  /** On the machine; of this launch. */
  readonly directory: string;
  readonly delivery: Delivery;
  /** Of all that the machine was given in confidence. */
  readonly redaction: Redaction;
}

/** What a machine is to be given, with the secrets as they are now (P8). */
export async function bootstrapOrder(
  dependencies: ActivityDependencies,
  input: BootstrapInput,
): Promise<BootstrapOrder> {
  const token = await dependencies.agent.authToken();
  const secrets = await readBootstrapSecrets(dependencies, input.secrets ?? []);
  const directory = `${DIRECTORY}/${input.host.launchToken}`;
  return {
    directory,
    delivery: {
      agentEnvironment: token === undefined ? '' : `NAVARCH_AUTH_TOKEN=${agentValue(token)}\n`,
      environment:
        secrets.size === 0 ? undefined : [...secrets].map(([name, value]) => `${name}=${shellQuote(value)}\n`).join(''),
      runner: runnerScript(directory, stepsOf(dependencies, input)),
    },
    redaction: redactionOf([...(token === undefined ? [] : [token]), ...secrets.values()]),
  };
}

function stepsOf({ agent }: ActivityDependencies, input: BootstrapInput): BootstrapStep[] {
  const variables = {
    controlPlane: agent.controlPlaneUrl,
    pool: input.pool ?? '',
    nodeId: input.nodeId,
    provider: 'lambda',
    region: input.region,
    instanceType: input.instanceType,
  };
  // A workflow of an earlier version says nothing of it.
  const stepMs = (input.stepMs as number | undefined) ?? DEFAULT_DEADLINES.bootstrapStepMs;
  return input.commands === undefined
    ? agentSteps({ url: agent.downloadUrl, sha256: agent.sha256 }, variables, stepMs)
    : commandSteps(input.commands, variables, stepMs);
}

/**
 * As systemd reads it, and a shell too: in double quotes where it is more than plain characters. A token has no line breaks: HTTP headers
 * could not carry it.
 */
function agentValue(value: string): string {
  return /^[\w.~+/=:@-]+$/.test(value) ? value : `"${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
}
