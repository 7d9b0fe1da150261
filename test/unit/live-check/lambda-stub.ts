import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { Pacer } from '../../../src/activities/pacer.ts';
import type { LambdaClient } from '../../../src/clients/lambda/index.ts';
import { pacedClient } from '../../../src/live-check/last-look.ts';

export interface StubAnswer {
  readonly status?: number;
  readonly data?: unknown;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Our paced client before a server that answers by this function; `seen` is what it was asked. */
export async function lambdaThatAnswers(
  answer: (asked: string, at: number) => StubAnswer,
): Promise<{ readonly lambda: LambdaClient; readonly seen: string[]; readonly pacer: Pacer }> {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    const asked = `${request.method ?? ''} ${(request.url ?? '').replace('/api/v1', '')}`;
    const { status = 200, data, code, headers } = answer(asked, seen.push(asked));
    const body = JSON.stringify(status === 200 ? { data } : { error: { code, message: 'stub' } });
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const pacer = new Pacer({ requestIntervalMs: 0, launchIntervalMs: 0 });
  return { seen, pacer, lambda: pacedClient(`http://127.0.0.1:${port}`, 'secret_planted', pacer) };
}

/** An instance as Lambda shows it. */
export function instanceOf(id: string, name: string, status: string): unknown {
  return {
    id,
    name,
    status,
    region: { name: 'us-east-1', description: 'Virginia, USA' },
    instance_type: {
      name: 'gpu_1x_a10',
      description: '1x A10 (24 GB PCIe)',
      gpu_description: 'A10 (24 GB PCIe)',
      price_cents_per_hour: 129,
      specs: { vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1 },
    },
    ssh_key_names: [],
    file_system_names: [],
    tags: [],
    is_reserved: false,
  };
}
