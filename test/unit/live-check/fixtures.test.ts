import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeRecording } from '../../../src/live-check/fixtures.ts';

test('a recording in which a secret stands is kept aside, for its owner alone', async () => {
  const root = await mkdtemp(join(tmpdir(), 'live-check-recording-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const places = { folder: join(root, 'fixtures'), aside: join(root, 'state') };
  const recording = {
    format: 1 as const,
    recordedFrom: 'simulator',
    recordedAt: '2026-01-01T00:00:00.000Z',
    instanceType: 'gpu_1x_a10',
    timings: {},
    assumptions: [{ id: 'launch-answer', verdict: 'other' as const, detail: 'planted-secret' }],
    exchanges: [],
  };
  const aside = await writeRecording(places, recording, ['planted-secret', 'something else']);
  expect(aside.leaked).toBe(1);
  expect(dirname(aside.file)).toBe(places.aside);
  expect((await stat(aside.file)).mode & 0o777).toBe(0o600);
  expect(await readFile(aside.file, 'utf8')).toContain('planted-secret');
  expect(await readdir(root)).toEqual(['state']);

  const shown = await writeRecording(places, recording, ['something else']);
  expect(shown).toEqual({ file: expect.stringContaining(places.folder) as unknown, leaked: 0 });
});
