import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { titleOf, type Recording } from './recordings.ts';

let isQuiet = false;

/** The native side says nothing of what goes wrong here: it is meant to, or told by the test. */
export function quietRuntime(): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
}

/** Replays them with this bundle, as a production worker would. What does not replay, by the recording's title, with Temporal's word for why. */
export async function brokenBy(
  bundlePath: string,
  recordings: readonly Recording[],
): Promise<Readonly<Record<string, string>>> {
  quietRuntime();
  const histories = recordings.map((recording) => ({
    workflowId: titleOf(recording),
    history: JSON.parse(recording.text) as unknown,
  }));
  const options = { workflowBundle: { codePath: bundlePath } };
  const broken: Record<string, string> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (error !== undefined) broken[workflowId] = `${error.name}: ${error.message}`;
  }
  return broken;
}
