import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Transport } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';

export interface ClosableTransport {
  readonly transport: Transport;
  /** Closes what is open between two calls. Idempotent. */
  close(): void;
}

export function createTransport(baseUrl: string, httpVersion: '1.1' | '2'): ClosableTransport {
  if (httpVersion === '2') {
    const sessionManager = new Http2SessionManager(baseUrl);
    const transport = createConnectTransport({ baseUrl, httpVersion, sessionManager });
    return { transport, close: () => sessionManager.abort() };
  }
  // A connection for each call: calls are seconds apart, and one that was kept may have died with the control plane that was
  // restarted since.
  const Agent = baseUrl.startsWith('https:') ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: false });
  return {
    transport: createConnectTransport({ baseUrl, httpVersion, nodeOptions: { agent } }),
    close: () => agent.destroy(),
  };
}

/**
 * The URL as we show it and send to, without a slash at its end.
 *
 * @throws TypeError
 */
export function requireBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new TypeError('baseUrl: must be an http or https URL, such as http://navarch.internal:50051');
  }
  // They would show in every message; and they are not how Navarch knows its callers.
  if (url.username !== '' || url.password !== '') throw new TypeError('baseUrl: must not contain a user or password');
  if (url.search !== '' || url.hash !== '') throw new TypeError('baseUrl: must not contain a query or fragment');
  return url.href.replace(/\/+$/, '');
}
