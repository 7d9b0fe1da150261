import http from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { LambdaClient } from '../../../../src/clients/lambda/index.ts';
import type { LambdaClientOptions } from '../../../../src/clients/lambda/index.ts';

export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Handler = (response: ServerResponse, request: SeenRequest) => void;

export interface LambdaServer {
  readonly url: string;
  /** Every request that arrived whole, in order. */
  readonly requests: readonly SeenRequest[];
}

export const API_KEY = 'secret_unit-test_0123456789abcdef0123456789abcdef.aBcDeFgHiJkLmNoPqRsTuVwXyZ012345';

/** An HTTP server that lives as long as the test. The handler is called once a request has been read to its end. */
export async function startLambdaServer(handler: Handler): Promise<LambdaServer> {
  const requests: SeenRequest[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      requests.push(seen);
      handler(response, seen);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export function clientOf(server: { readonly url: string }, options: Partial<LambdaClientOptions> = {}): LambdaClient {
  return new LambdaClient({ apiKey: API_KEY, baseUrl: server.url, ...options });
}

/** A server that answers everything with this, and a client of it. */
export async function answering(
  status: number,
  body: unknown,
  options: Partial<LambdaClientOptions> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly client: LambdaClient; readonly server: LambdaServer }> {
  const server = await startLambdaServer((response) => sendJson(response, status, body, headers));
  return { client: clientOf(server, options), server };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
