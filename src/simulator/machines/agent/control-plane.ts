import { request, TransferError } from '../commands/http.ts';

/** The control plane did not do what was asked. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  /** Connect's code, or `unauthenticated` for the 401 that is none of Connect's own, or `unavailable` for no answer. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Navarch's control plane as its agent calls it: Connect's unary protocol, messages as JSON. It goes by the machine's network, and
 * so reaches the simulator only.
 */
export class ControlPlane {
  readonly #server: string;
  readonly #authToken: string;

  constructor(server: string, authToken: string) {
    this.#server = server.replace(/\/+$/, '');
    this.#authToken = authToken;
  }

  /** One call; throws `ControlPlaneError`. */
  async call(method: string, message: object, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    let status: number;
    let text = '';
    try {
      const response = await request({
        method: 'POST',
        url: `${this.#server}/navarch.ControlPlaneService/${method}`,
        headers: {
          'content-type': 'application/json',
          'connect-protocol-version': '1',
          'user-agent': 'connect-go/1.18.1 (simulated)',
          ...(this.#authToken === '' ? {} : { authorization: `Bearer ${this.#authToken}` }),
        },
        body: Buffer.from(JSON.stringify(message)),
        followRedirects: false,
        signal,
      });
      status = response.status;
      for await (const chunk of response.body) text += chunk.toString('utf8');
    } catch (error) {
      if (error instanceof TransferError) throw new ControlPlaneError('unavailable', error.message);
      throw error;
    }
    const answer = parseObject(text);
    if (status === 200 && answer !== undefined) return answer;
    const code = typeof answer?.['code'] === 'string' ? answer['code'] : status === 401 ? 'unauthenticated' : 'unknown';
    throw new ControlPlaneError(
      code,
      typeof answer?.['message'] === 'string' ? answer['message'] : `HTTP status ${status}`,
    );
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // Not every answer is the control plane's own: the caller sees its status.
    return undefined;
  }
}
