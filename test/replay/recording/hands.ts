import type { SweepResult } from '../../../src/contract/sweep.ts';
import { MINUTE } from '../../../src/domain/durations.ts';
import type { LedgerEntry } from '../../../src/domain/orphan-verdict.ts';
import { ready } from './provisions.ts';
import type { Stage } from './stage.ts';
import type { Story } from './story.ts';

const NOTHING = { instances: {} };

/** Sweeps, and what people do by hand. */
export const HANDS: readonly Story[] = [
  {
    title: 'a sweep that finds everything owned, and two that end an orphan and prove it',
    play: async (stage, record) => {
      await ready(stage, 'owned');
      const clean = await sweep(stage, { ledger: NOTHING });
      await record('sweepOrphans', 'clean', clean);
      const orphan = await orphanOf(stage, 'orphan');
      const dry = await sweep(stage, { ledger: NOTHING, dryRun: true });
      await record('sweepOrphans', 'dry-run', dry);
      const first = await sweep(stage, { ledger: NOTHING });
      await record('sweepOrphans', 'suspects', first);
      const second = await sweep(stage, { ledger: tenMinutesLater(first.result) });
      await record('sweepOrphans', 'ends-an-orphan', second);
      // Until it is gone from the list, and by id.
      while (stage.simulator.record.instances.some(({ id, endedAt }) => id === orphan && endedAt === undefined)) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      stage.simulator.controls.hide(orphan);
      const third = await sweep(stage, { ledger: tenMinutesLater(second.result) });
      await record('sweepOrphans', 'looks-for-the-ended', third);
    },
  },
  {
    title: 'the lists, and the diagnosis',
    play: async (stage, record) => {
      for (const type of ['listInstanceTypes', 'listInstances', 'diagnose']) {
        await record(type, 'answered', await stage.ask(type));
      }
    },
  },
  {
    title: 'orphans that a person adopts, releases and ends',
    play: async (stage, record) => {
      const adopted = await orphanOf(stage, 'adopted');
      await record('adoptInstance', 'adopted', await stage.ask('adoptInstance', { instanceId: adopted }));
      await record('releaseInstance', 'refused', await stage.ask('releaseInstance', { instanceId: adopted }));
      const released = await orphanOf(stage, 'released');
      await record('releaseInstance', 'released', await stage.ask('releaseInstance', { instanceId: released }));
      const ended = await orphanOf(stage, 'ended');
      await record('endInstance', 'ended', await stage.ask('endInstance', { instanceId: ended }));
    },
  },
];

/** A node whose keeper is ended by force. */
async function orphanOf(stage: Stage, name: string): Promise<string> {
  const { instanceId } = await ready(stage, name);
  await stage.keeper(name).terminate('by force');
  return instanceId;
}

async function sweep(
  stage: Stage,
  request: unknown,
): Promise<{ readonly workflowId: string; readonly result: SweepResult }> {
  const { workflowId, result } = await stage.ask('sweepOrphans', request);
  if (result instanceof Error) throw result;
  return { workflowId, result: result as SweepResult };
}

/** The ledger as it would be, had the sweep been ten minutes ago. */
function tenMinutesLater({ ledger }: SweepResult): SweepResult['ledger'] {
  const earlier = (entry: LedgerEntry): LedgerEntry => ({
    ...entry,
    listedAt: entry.listedAt - 10 * MINUTE,
    ...(entry.ownerlessSince === undefined ? {} : { ownerlessSince: entry.ownerlessSince - 10 * MINUTE }),
    ...(entry.askedAt === undefined ? {} : { askedAt: entry.askedAt - 10 * MINUTE }),
  });
  return {
    instances: Object.fromEntries(Object.entries(ledger.instances).map(([id, entry]) => [id, earlier(entry)])),
  };
}
