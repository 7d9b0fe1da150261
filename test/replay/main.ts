import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { resolveTestServer, startTemporalServer } from '../../src/temporal-server/index.ts';
import { WORKFLOW_SOURCES } from '../../src/workflow-sources.ts';
import { HANDS } from './recording/hands.ts';
import { historyText } from './recording/history-file.ts';
import { LIVES } from './recording/lives.ts';
import { PROVISIONS } from './recording/provisions.ts';
import { HISTORIES, recordedVersions, releaseTags, whyNot } from './recording/releases.ts';
import { openSkippedStage, openStage, type OpenedStage } from './recording/stage.ts';
import type { Record, Story } from './recording/story.ts';

// npm run record-histories: plays every story with the product's own workflows, and keeps their histories as those of package.json's version.
// --only TEXT plays those whose title has it, and leaves the other histories as they are.

const STORIES: readonly Story[] = [...PROVISIONS, ...LIVES, ...HANDS];

/** Of the server for those that continue as new: a launch that was refused, and a few signals, are more than this. */
const SHORT_HISTORY = 20;

/** Most of a story is waiting. */
const AT_A_TIME = 4;

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<number> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
  const refusal = whyNot(version, await recordedVersions(), await releaseTags());
  if (refusal !== undefined) {
    tell(refusal);
    return 2;
  }
  const folder = join(HISTORIES, version);
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const stories = STORIES.filter(({ title }) => title.includes(values.only ?? ''));
  const recorded = await mkdtemp(join(tmpdir(), 'navarch-histories-'));
  try {
    await recordAll(stories, recorded);
    // All or none: a story that went wrong leaves what was recorded before.
    if (values.only === undefined) await rm(folder, { recursive: true, force: true });
    await cp(recorded, folder, { recursive: true });
  } finally {
    await rm(recorded, { recursive: true, force: true });
  }
  return 0;
}

async function recordAll(stories: readonly Story[], folder: string): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  const temporary = await mkdtemp(join(tmpdir(), 'navarch-record-'));
  const bundlePath = join(temporary, 'workflow-bundle.js');
  const { code } = await bundleWorkflowCode({ ...WORKFLOW_SOURCES, logger: new DefaultLogger('WARN') });
  await writeFile(bundlePath, code);
  const searchAttributes = SEARCH_ATTRIBUTE_TYPES;
  const server = await startTemporalServer({ searchAttributes, onProgress: tell });
  const dynamicConfig = { 'limit.historyCount.suggestContinueAsNew': SHORT_HISTORY };
  const short = await startTemporalServer({ searchAttributes, dynamicConfig });
  const path = await resolveTestServer({ onProgress: tell });
  const open = ({ on, simulated = {} }: Story): Promise<OpenedStage> => {
    if (on === 'skipped') return openSkippedStage({ path, bundlePath }, simulated);
    return openStage({ address: (on === 'short' ? short : server).address, bundlePath }, simulated);
  };
  try {
    const left = [...stories];
    const lane = async (): Promise<void> => {
      for (let story = left.shift(); story !== undefined; story = left.shift()) await play(story, open, folder);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  } finally {
    await server.stop();
    await short.stop();
    await rm(temporary, { recursive: true, force: true });
  }
}

async function play(story: Story, open: (story: Story) => Promise<OpenedStage>, folder: string): Promise<void> {
  const startedAt = performance.now();
  const stage = await open(story);
  const record: Record = async (workflow, name, { workflowId, runId }) => {
    const handle = stage.client.workflow.getHandle(workflowId, runId);
    // One without a task that was completed replays nothing, and is waited for without end.
    let history = await handle.fetchHistory();
    while (!hasCompletedTask(history)) history = await handle.fetchHistory();
    const file = join(folder, workflow, `${name}.json`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, historyText(history), { flag: 'wx' });
  };
  try {
    await story.play(stage, record);
    tell(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(3)} s  ${story.title}`);
  } catch (error) {
    throw new Error(`${story.title}: ${String(error)}`, { cause: error });
  } finally {
    await stage.close();
  }
}

function hasCompletedTask({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): boolean {
  return (events ?? []).some(({ workflowTaskCompletedEventAttributes: completed }) => completed != null);
}

// Temporal's native side keeps the process alive for a moment; what was to be done is done.
process.exit(
  await main().catch((error: unknown) => {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }),
);
