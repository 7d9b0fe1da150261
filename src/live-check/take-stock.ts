import type { LambdaClient } from '../clients/lambda/index.ts';
import { MINUTE } from '../domain/durations.ts';
import type { Evidence } from './assumptions.ts';
import { instancesIn, isFields, type Exchange } from './exchange.ts';
import { nameOfSource, writeRecording } from './fixtures.ts';
import { pacedClient, probe, stillThere, terminateAgain, watchList } from './last-look.ts';
import { lifeOf, timingsOf, type Life } from './life.ts';
import type { Outcome } from './one-launch.ts';
import { costCents, worstCaseCents, type Choice } from './plan.ts';
import type { RecordingProxy } from './recording-proxy.ts';
import { assumptionsText, byHand, judged, spendingText, timingsText } from './report.ts';
import type { Run } from './run.ts';
import { sanitised } from './sanitise.ts';

interface Facts {
  readonly name: string;
  readonly choice: Choice;
  readonly outcome: Outcome;
  readonly proxy: RecordingProxy;
  /** Ours; the worker has ended. */
  readonly lambda: LambdaClient;
  readonly publicKey: string;
}

/** A key that nobody has, of the real one's form. */
const WRONG_KEY = 'secret_live-check_00000000000000000000000000000000.wrong';

/**
 * After the product's own proof: Lambda's word once more, what it has cost, what was learnt. The state goes only when the list and the id agree
 * that nothing is left; the recording is written all the same.
 */
export async function takeStock(
  run: Run,
  facts: Facts,
): Promise<{ readonly isProven: boolean; readonly isSurprising: boolean }> {
  const { name, choice, outcome, proxy, lambda } = facts;
  const { tell, write, state } = run;
  const { instanceId } = lifeOf(proxy.exchanges, name);
  let alive: Awaited<ReturnType<typeof stillThere>> | undefined;
  try {
    alive = await stillThere(lambda, name, instanceId);
  } catch (error) {
    tell(`the last look was not answered: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (alive?.length === 0) {
    await state.clear();
    tell("nothing of it is left by Lambda's list either, nor by its id");
    if (!outcome.wasInterrupted) await lookFurther(run, facts, instanceId);
  } else {
    const shown = alive?.map(({ id, status }) => `${id} ${status}`).join(', ');
    if (shown !== undefined) tell(`STILL THERE by Lambda's word: ${shown}`);
    tell('To end it, or to prove that it has ended: npm run live-check -- --resume');
    write(byHand(name, instanceId));
  }

  const life = lifeOf(proxy.exchanges, name);
  const saidCents = worstCaseCents(choice);
  const livedMs = livedFor(life, outcome.provenAt);
  const spentCents = costCents(choice.priceCentsPerHour, livedMs);
  const hasEnded = (alive ?? []).length === 0;
  const evidence = evidenceOf(run, facts, life);
  const verdicts = judged(evidence);
  const timings = timingsOf(life, timeOf(outcome.node?.times.sshVerified), timeOf(outcome.node?.times.ready));
  write(
    `\n${timingsText(timings)}${assumptionsText(verdicts)}${hasEnded ? spendingText(spentCents, saidCents, livedMs / MINUTE) : ''}`,
  );
  const { sshKeyName } = run.config.lambda;
  const recording = {
    format: 1 as const,
    recordedFrom: nameOfSource(run.baseUrl),
    recordedAt: new Date().toISOString(),
    instanceType: choice.instanceType,
    timings,
    assumptions: [...verdicts],
    exchanges: [...sanitised(proxy.exchanges, { instanceId, sshKeyName })],
  };
  const places = { folder: run.options.fixturesFolder, aside: state.folder };
  const { file, leaked } = await writeRecording(places, recording, await secretsOf(run, facts));
  write(
    leaked === 0
      ? `The exchanges, without anything of the account's, are in ${file}\n`
      : `${leaked} values that are not to be shown stand in the recording. It is in ${file}, for you alone: look at it before you share it\n`,
  );
  return {
    isProven: alive?.length === 0,
    isSurprising: leaked > 0 || spentCents > saidCents || verdicts.some(({ verdict }) => verdict === 'other'),
  };
}

/** What costs nothing any more and is good to know. None of it changes the outcome. */
async function lookFurther(run: Run, { proxy, lambda }: Facts, instanceId: string | undefined): Promise<void> {
  const { tell, options, pacer, signal, endLookMs } = run;
  try {
    await probe(lambda, pacedClient(proxy.url, WRONG_KEY, pacer));
    if (instanceId === undefined) return;
    await terminateAgain(lambda, instanceId);
    tell('watching how long the list still shows it; Ctrl-C ends the watch');
    await watchList(lambda, instanceId, { everyMs: endLookMs, forMs: options.watchListMs, signal });
  } catch (error) {
    if (!signal.aborted)
      tell(`the looks after the end were cut short: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function livedFor(life: Life, provenAt: number): number {
  const { instanceId, launchSentAt, endedAt = provenAt } = life;
  return instanceId === undefined || launchSentAt === undefined ? 0 : endedAt - launchSentAt;
}

function evidenceOf({ config }: Run, { choice, outcome, proxy, publicKey }: Facts, life: Life): Evidence {
  const { failure, node } = outcome;
  return {
    exchanges: proxy.exchanges,
    life,
    priceCentsPerHour: choice.priceCentsPerHour,
    instanceType: choice.instanceType,
    sshKeyName: config.lambda.sshKeyName,
    publicKey,
    imageFamily: config.lambda.imageFamily,
    node,
    failure: failure !== undefined && 'type' in failure ? failure.type : undefined,
  };
}

/** What must not be found in what is written: the second line behind the list of what may. Short or common words are left to the first. */
async function secretsOf({ config }: Run, { proxy, publicKey }: Facts): Promise<readonly string[]> {
  const privateKey = await config.ssh.privateKey();
  return [
    await config.lambda.apiKey(),
    ...privateKey.split('\n').filter((line) => line.length >= 40 && !line.includes('PRIVATE KEY')),
    publicKey.split(' ')[1] ?? publicKey,
    ...proxy.exchanges.flatMap(identitiesIn),
  ];
}

const IDENTITIES = ['id', 'ip', 'private_ip', 'hostname', 'jupyter_token', 'jupyter_url'];

function identitiesIn(exchange: Exchange): readonly string[] {
  return instancesIn(exchange).flatMap((instance) => {
    const tags = Array.isArray(instance['tags']) ? (instance['tags'] as readonly unknown[]).filter(isFields) : [];
    const values = [
      ...IDENTITIES.map((field) => instance[field]),
      ...tags.map(({ value }) => value).filter(isLikeAnId),
    ];
    return values.filter((value): value is string => typeof value === 'string' && value.length >= 7);
  });
}

function isLikeAnId(value: unknown): boolean {
  return typeof value === 'string' && /[0-9a-f]{12}/.test(value);
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
