import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DUE_BY } from '../../src/contract/memo.ts';
import { recordings, titleOf, type Recording } from './harness/recordings.ts';
import { historyText, IDENTITY, readableText } from './recording/history-file.ts';
import { whyNot } from './recording/releases.ts';
import { PRIVATE_KEY, SECRETS } from './recording/secrets.ts';

const ROOT = dirname(fileURLToPath(new URL('../../package.json', import.meta.url)));

function that(holds: string): (recording: Recording) => readonly string[] {
  return (recording) => (readableText(recording.text).includes(holds) ? [titleOf(recording)] : []);
}

/** The names in the memo that a run began with. */
function startedMemo({ text }: Recording): readonly string[] {
  const { events } = JSON.parse(text) as {
    events: { workflowExecutionStartedEventAttributes?: { memo?: { fields?: object } } }[];
  };
  return Object.keys(events[0]?.workflowExecutionStartedEventAttributes?.memo?.fields ?? {});
}

describe('a recorded history', () => {
  test.each([...Object.entries(SECRETS), ['a private key', PRIVATE_KEY]])(
    'has no secret in it: %s (P8)',
    (_, secret) => {
      expect(recordings().flatMap(that(secret))).toEqual([]);
    },
  );

  test.each([ROOT, homedir(), '/node_modules/', 'file://', '/home/', '/Users/'])(
    'has nothing of the machine in it: %s',
    (trace) => {
      expect(recordings().flatMap(that(trace))).toEqual([]);
    },
  );

  test('does not say on which machine it was made', () => {
    expect(recordings().flatMap(({ text }) => text.match(IDENTITY) ?? [])).toEqual([]);
  });

  test('has a task that was completed: a replay waits for one without end', () => {
    const without = recordings().filter(({ text }) => !text.includes('"workflowTaskCompletedEventAttributes"'));
    expect(without.map(titleOf)).toEqual([]);
  });

  test('of a keeper that continued as new begins with all of its memo, written then: Temporal alone gives it what the first run began with', () => {
    const later = recordings().filter(
      ({ text }) => /"continuedExecutionRunId":"\w/.test(text) && text.includes('"keepNode"'),
    );
    expect(later.length).toBeGreaterThan(0);
    for (const recording of later) expect(startedMemo(recording), titleOf(recording)).toContain(DUE_BY);
  });

  test('is looked through in plain text: what is searched for would be found in a payload', () => {
    const data = Buffer.from(JSON.stringify({ key: SECRETS.apiKey })).toString('base64');
    const [first] = recordings();
    const planted = first?.text.replace(/"data":"[^"]+"/, `"data":"${data}"`) ?? '';
    expect(planted).not.toContain(SECRETS.apiKey);
    expect(readableText(planted)).toContain(SECRETS.apiKey);
  });

  test('names neither who polled nor where the code lay', () => {
    const text = historyText({
      events: [
        {
          eventId: { low: 1, high: 0, unsigned: false },
          activityTaskFailedEventAttributes: {
            identity: '4711@a-machine',
            failure: { message: 'it failed', stackTrace: 'at /a/path' },
          },
        },
      ],
    } as Parameters<typeof historyText>[0]);
    expect(text).toContain('it failed');
    expect(text).not.toMatch(/a-machine|a\/path/);
  });
});

describe('histories of a version', () => {
  test('may be recorded until it is released', () => {
    expect(whyNot('0.2.0', ['0.1.0'], ['v0.1.0'])).toBeUndefined();
    expect(whyNot('0.2.0', ['0.1.0', '0.2.0'], ['v0.1.0'])).toBeUndefined();
    expect(whyNot('0.2.0', ['0.2.0'], ['v0.2.0'])).toContain('0.2.0 is released');
  });

  test('are not those of an older one that somebody has gone back to', () => {
    expect(whyNot('0.9.0', ['0.10.0'], [])).toBe('there are histories of 0.10.0 already, and package.json says 0.9.0');
  });
});
