import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Call {
  readonly method: string;
  readonly message: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}

/** A control plane that answers as Navarch's does, and a download server, small enough to be read at a glance. */
export interface StandIn {
  readonly url: string;
  readonly calls: Call[];
  /** Commands the next poll brings. */
  commands: { readonly commandId: string; readonly type: string }[];
  /** While set, calls need this token. */
  token: string | undefined;
  /** While set, nobody is known: heartbeats get not_found. */
  forgetful: boolean;
}

export async function standIn(): Promise<StandIn> {
  const state: StandIn = { url: '', calls: [], commands: [], token: undefined, forgetful: false };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const download = /^\/download\/navarch-node-linux-(\w+)$/.exec(path);
    if (download !== null) {
      response.end(`#!navarch-node-simulated ${download[1] ?? ''}\n${'x'.repeat(100_000)}`);
      return;
    }
    if (path === '/moved') {
      response.writeHead(302, { location: 'http://192.0.2.1/secret' }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization } = request.headers;
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Call['message'];
      const method = path.replace('/navarch.ControlPlaneService/', '');
      if (state.token !== undefined && authorization !== `Bearer ${state.token}`) {
        response.writeHead(401, { 'content-type': 'text/plain' }).end('unauthorized');
        return;
      }
      state.calls.push({ method, message, authorization });
      const [status, answer] = answerTo(state, method);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function answerTo(state: StandIn, method: string): [status: number, answer: object] {
  if (method === 'RegisterNode') {
    return [200, { success: true, config: { healthCheckIntervalSeconds: 60, heartbeatIntervalSeconds: 30 } }];
  }
  if (state.forgetful && method !== 'GetNodeCommands') return [404, { code: 'not_found', message: 'node not found' }];
  if (method === 'GetNodeCommands') return [200, { commands: state.commands.splice(0) }];
  return [200, { acknowledged: true }];
}
