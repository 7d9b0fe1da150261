import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  clearGpusSignal,
  condemnedGpusQuery,
  condemnGpusSignal,
  type AccountBrokerInput,
} from '../contract/account-broker.ts';
import {
  readCondemnation,
  readCondemned,
  stillCondemned,
  withCondemned,
  withoutGpus,
} from '../domain/condemned-gpus.ts';
import { MINUTE } from '../domain/durations.ts';

/** It continues as new after so many messages, to keep its history small. */
const MESSAGES_PER_RUN = 500;

/** A broker with nothing to remember stays so long: a wish may be on its way. */
const LINGERS_MS = MINUTE;

/**
 * What the owners of one account know together: today, which GPUs were condemned. It is started by whoever has something to remember, and ends
 * when nothing is left. What it is told and what it was handed may be of another version: what cannot be read is passed over (P13).
 */
export async function accountBroker(input?: AccountBrokerInput): Promise<void> {
  let condemned = readCondemned(fieldsOf(input)['condemnedGpus']);
  let messages = 0;
  setHandler(condemnedGpusQuery, () => stillCondemned(condemned, Date.now()), {
    description: 'The GPUs that made machines be condemned of late.',
  });
  setHandler(
    condemnGpusSignal,
    (told) => {
      condemned = withCondemned(condemned, readCondemnation(told, Date.now()));
      messages += 1;
    },
    { description: 'Remember these GPUs.' },
  );
  setHandler(
    clearGpusSignal,
    (told) => {
      const { uuids } = fieldsOf(told);
      condemned = withoutGpus(condemned, Array.isArray(uuids) ? uuids : []);
      messages += 1;
    },
    { description: 'Forget these GPUs: they work.' },
  );

  for (;;) {
    condemned = stillCondemned(condemned, Date.now());
    const before = messages;
    const forMs = Math.min(...condemned.map(({ until }) => until - Date.now()), LONGEST_SLEEP_MS);
    const told = await condition(() => messages !== before, condemned.length === 0 ? LINGERS_MS : forMs, {
      summary: condemned.length === 0 ? 'nothing is remembered' : `${condemned.length} condemned GPUs`,
    });
    if (messages >= MESSAGES_PER_RUN || workflowInfo().continueAsNewSuggested) {
      return continueAsNew<typeof accountBroker>({ condemnedGpus: condemned });
    }
    if (!told && stillCondemned(condemned, Date.now()).length === 0 && before === messages) return;
  }
}

/** Whatever an entry claims: it looks at the time once a day. */
const LONGEST_SLEEP_MS = 24 * 60 * MINUTE;

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
