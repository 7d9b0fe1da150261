import { EXIT_CODE, type ExitCode } from '../cli/exit-codes.ts';
import { endDirectly } from './end-directly.ts';
import { insist } from './insist.ts';
import { pacedClient, stillThere } from './last-look.ts';
import { ended, tidied } from './one-launch.ts';
import { costCents, dollars } from './plan.ts';
import { startRecordingProxy } from './recording-proxy.ts';
import { byHand } from './report.ts';
import type { Run } from './run.ts';
import { openStage } from './stage.ts';
import type { Run as LeftRun } from './state.ts';

/**
 * Ends what a live-check that was killed has left: its Temporal goes on from its file (or is the configured one), a worker takes up the story
 * where it stood, and the node is ended by name, on the product's proof. What Lambda shows all the same is ended by its id. Nothing is launched
 * by it, wherever it stood.
 */
export async function endLeftover(run: Run, left: LeftRun): Promise<ExitCode> {
  const { tell, state, config, pacer, endLookMs } = run;
  const { name, startedAt, priceCentsPerHour, instanceId } = left;
  tell(`an earlier live-check of ${startedAt} was killed: ending what it left, ${name}`);
  const proxy = await startRecordingProxy(run.baseUrl, 'none');
  try {
    const { port, nonce } = proxy;
    await state.write({ ...left, proxy: { port, nonce } });
    const stage = await openStage({ ...run, mode: left.temporal, account: left.account, lambdaUrl: proxy.url });
    try {
      await ended(stage.provisioner, name).catch(async (error: unknown) => {
        tell(`${error instanceof Error ? error.message : String(error)}; asking again`);
        await insist(() => ended(stage.provisioner, name), { tell });
      });
      await tidied(stage, tell);
    } finally {
      await stage.close();
      pacer.pause(config.lambda.requestIntervalMs); // after the worker's last request
    }
    const lambda = pacedClient(proxy.url, config.lambda.apiKey, pacer);
    let alive = await stillThere(lambda, name, instanceId);
    if (alive.length > 0) {
      tell('no workflow owns it any more, and Lambda still shows it: Lambda itself is asked to end it');
      alive = await endDirectly(lambda, { name, instanceId, tell, everyMs: endLookMs });
    }
    if (alive.length > 0) {
      tell(`STILL THERE by Lambda's word: ${alive.map(({ id, status }) => `${id} ${status}`).join(', ')}`);
      run.write(byHand(name, instanceId));
      return EXIT_CODE.personNeeded;
    }
    await state.clear();
    const most = costCents(priceCentsPerHour, Date.now() - Date.parse(startedAt));
    tell(`${name} is proven gone; it has cost at most $${dollars(most)} (said: $${dollars(left.saidCents)})`);
    return EXIT_CODE.done;
  } finally {
    await proxy.close();
  }
}
