import { expect, test } from 'vitest';
import type { ActivityDependencies } from '../../../src/activities/dependencies.ts';
import { checkBootstrapSecrets } from '../../../src/activities/bootstrap-secrets.ts';

const dependencies = {
  bootstrapSecret: (name: string) => Promise.resolve(name.startsWith('HELD') ? 'value' : undefined),
} as ActivityDependencies;

test('secrets that the worker holds are fine', async () => {
  await expect(checkBootstrapSecrets(dependencies, { names: ['HELD_1', 'HELD_2'] })).resolves.toBeUndefined();
});

test('each that it does not hold is named, with its place in the request, before anything is launched', async () => {
  await expect(checkBootstrapSecrets(dependencies, { names: ['MISSING', 'HELD', 'OTHER'] })).rejects.toMatchObject({
    type: 'invalid_request',
    nonRetryable: true,
    message:
      'bootstrap.secrets.0: the worker holds no secret of the name MISSING; bootstrap.secrets.2: the worker holds no secret of the name OTHER',
  });
});
