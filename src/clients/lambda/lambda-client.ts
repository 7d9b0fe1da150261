import type { z } from 'zod';
import { keyProblem } from './api-key.ts';
import { apiRoot, LAMBDA_BASE_URL } from './base-url.ts';
import type { Image, SshKey } from './catalogue.ts';
import { LambdaInvalidRequestError, LambdaResponseError, TerminateNotEchoedError } from './errors.ts';
import type { InvalidField } from './errors.ts';
import type { Instance, OfferedInstanceType, Region, Tag } from './instance.ts';
import { invalidLaunchFields, launchBody } from './launch-request.ts';
import type { LaunchRequest } from './launch-request.ts';
import type { LambdaClientOptions, RequestOptions } from './options.ts';
import type { LambdaRequestKind } from './request-kind.ts';
import { Transport } from './transport.ts';
import { defaultUserAgent } from './user-agent.ts';
import {
  imagesAnswer,
  instanceAnswer,
  instancesAnswer,
  instanceTypesAnswer,
  launchAnswer,
  regionsAnswer,
  sshKeysAnswer,
  terminateAnswer,
} from './wire.ts';

const TIMEOUT_MS = 30_000;
const LAUNCH_TIMEOUT_MS = 90_000;
/** No account has that many pages; a server that goes on would keep us for ever, and each page costs a request. */
const MOST_PAGES = 200;
/** The longest delay that a timer of Node takes. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * A client of the Lambda Cloud API. The four things most people want:
 * - **launch** a machine: {@link LambdaClient.launchInstance}
 * - **list** your machines: {@link LambdaClient.listInstances}
 * - **terminate** one: {@link LambdaClient.terminateInstance}
 * - **list instance types**, with price and capacity: {@link LambdaClient.listInstanceTypes}
 *
 * ```ts
 * const lambda = new LambdaClient({ apiKey: () => readFile('lambda-api-key', 'utf8') });
 * const { instanceId } = await lambda.launchInstance({
 *   regionName: 'us-east-1', instanceTypeName: 'gpu_1x_a10', sshKeyNames: ['my-key'],
 * });
 * ```
 *
 * Every call sends its request once (`listInstances` once a page) and rejects with a subclass of LambdaError; nothing is tried again
 * here. After a failed launch or terminate read the error's `outcome`: on `unknown`, look for the instance before you send another,
 * because Lambda has no way to recognise a repeated launch.
 *
 * Instances belong together with an account, not with this object: it holds no connection and needs no closing.
 */
export class LambdaClient {
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #launchTimeoutMs: number;

  /** Throws a TypeError that names the option which cannot be used. */
  constructor(options: LambdaClientOptions) {
    const problem = typeof options.apiKey === 'string' ? keyProblem(options.apiKey) : undefined;
    if (problem !== undefined)
      throw new TypeError(`LambdaClient: apiKey ${problem}; give the key that Lambda showed you`);
    this.#timeoutMs = milliseconds('timeoutMs', options.timeoutMs ?? TIMEOUT_MS);
    this.#launchTimeoutMs = milliseconds('launchTimeoutMs', options.launchTimeoutMs ?? LAUNCH_TIMEOUT_MS);
    this.#transport = new Transport({
      apiKey: options.apiKey,
      apiRoot: apiRoot(options.baseUrl ?? LAMBDA_BASE_URL),
      userAgent: options.userAgent ?? defaultUserAgent(),
      beforeRequest: options.beforeRequest,
      afterResponse: options.afterResponse,
    });
  }

  /**
   * Every instance of the account, each once; also those that ended lately, for as long as Lambda shows them. Lambda filters nothing.
   * Follows pages to the end: a list that cannot be read to its end is a LambdaResponseError, never a part of the list.
   */
  async listInstances(options: RequestOptions = {}): Promise<readonly Instance[]> {
    // A list that changes between two pages may show an instance twice; the later sighting counts.
    const found = new Map<string, Instance>();
    const tokens = new Set<string>();
    let query: Readonly<Record<string, string>> = {};
    for (;;) {
      const page = await this.#get('listInstances', '/instances', instancesAnswer, options, query);
      for (const instance of page.data) found.set(instance.id, instance);
      const token = page.page_token ?? '';
      if (token === '') return [...found.values()];
      if (tokens.has(token)) throw endlessList('the same page_token came twice');
      tokens.add(token);
      if (tokens.size >= MOST_PAGES) throw endlessList(`there is no end after ${MOST_PAGES} pages`);
      query = { page_token: token };
    }
  }

  /** One instance. LambdaNotFoundError if Lambda does not know it, which it also says for a while after a launch. */
  async getInstance(id: string, options: RequestOptions = {}): Promise<Instance> {
    const endpoint = `GET /instances/${encodeURIComponent(id)}`;
    requireInstanceId(id, endpoint);
    const { data } = await this.#get('getInstance', `/instances/${id}`, instanceAnswer, options);
    if (data.id === id) return data;
    throw new LambdaResponseError(
      `${endpoint} answered 200 with another instance, ${data.id}`,
      'unreadable-response',
      { endpoint, outcome: 'unknown', status: 200 },
      'data.id',
    );
  }

  /** Every type Lambda offers, also those sold out everywhere (no regions). Capacity is a hint, wrong in both directions. */
  async listInstanceTypes(options: RequestOptions = {}): Promise<readonly OfferedInstanceType[]> {
    return (await this.#get('listInstanceTypes', '/instance-types', instanceTypesAnswer, options)).data;
  }

  /**
   * Launches one instance, by exactly one POST. Checks the request against Lambda's documented rules first: a
   * LambdaInvalidRequestError with `fields` means that nothing was sent. Of every other error, `outcome` says what it proves.
   */
  async launchInstance(request: LaunchRequest, options: RequestOptions = {}): Promise<{ readonly instanceId: string }> {
    const endpoint = 'POST /instance-operations/launch';
    refuseUnsent(endpoint, invalidLaunchFields(request));
    const { data } = await this.#transport.send(
      {
        kind: 'launchInstance',
        method: 'POST',
        path: '/instance-operations/launch',
        body: launchBody(request),
        answer: launchAnswer,
        timeoutMs: this.#launchTimeoutMs,
      },
      options,
    );
    return { instanceId: data.instance_ids[0] };
  }

  /**
   * Asks for an instance's end and returns it as it is then, usually `terminating`; that takes minutes more. LambdaNotFoundError if
   * Lambda does not know it; TerminateNotEchoedError if the answer leaves it out.
   */
  async terminateInstance(id: string, options: RequestOptions = {}): Promise<Instance> {
    const endpoint = 'POST /instance-operations/terminate';
    requireInstanceId(id, endpoint);
    const { data } = await this.#transport.send(
      {
        kind: 'terminateInstance',
        method: 'POST',
        path: '/instance-operations/terminate',
        // One id a request: what a batch does about one bad id is not documented.
        body: { instance_ids: [id] },
        answer: terminateAnswer,
        timeoutMs: this.#timeoutMs,
      },
      options,
    );
    const ended = data.terminated_instances.find((instance) => instance.id === id);
    if (ended !== undefined) return ended;
    throw new TerminateNotEchoedError(
      `${endpoint} answered 200 without instance ${id}: take it for not applied`,
      'terminate-not-echoed',
      { endpoint, outcome: 'unknown', status: 200 },
    );
  }

  /**
   * Renames an instance, or replaces all its tags (an empty list clears them); what is left out stays. Returns the instance as it is then:
   * tags are taken only by later versions of the API, and an older one leaves them as they were without a word.
   */
  async updateInstance(
    id: string,
    change: { readonly name?: string; readonly tags?: readonly Tag[] },
    options: RequestOptions = {},
  ): Promise<Instance> {
    const endpoint = `POST /instances/${encodeURIComponent(id)}`;
    requireInstanceId(id, endpoint);
    const { data } = await this.#transport.send(
      {
        kind: 'updateInstance',
        method: 'POST',
        path: `/instances/${id}`,
        body: change,
        answer: instanceAnswer,
        timeoutMs: this.#timeoutMs,
      },
      options,
    );
    return data;
  }

  /** The SSH keys that a launch can name. */
  async listSshKeys(options: RequestOptions = {}): Promise<readonly SshKey[]> {
    return (await this.#get('listSshKeys', '/ssh-keys', sshKeysAnswer, options)).data;
  }

  /** The images a launch can name, one entry for each region. */
  async listImages(options: RequestOptions = {}): Promise<readonly Image[]> {
    return (await this.#get('listImages', '/images', imagesAnswer, options)).data;
  }

  async listRegions(options: RequestOptions = {}): Promise<readonly Region[]> {
    return (await this.#get('listRegions', '/regions', regionsAnswer, options)).data;
  }

  #get<T extends z.ZodType>(
    kind: LambdaRequestKind,
    path: string,
    answer: T,
    options: RequestOptions,
    query: Readonly<Record<string, string>> = {},
  ): Promise<z.output<T>> {
    return this.#transport.send({ kind, method: 'GET', path, query, answer, timeoutMs: this.#timeoutMs }, options);
  }
}

function milliseconds(option: string, value: number): number {
  if (Number.isFinite(value) && value > 0 && value <= LONGEST_TIMEOUT_MS) return value;
  throw new TypeError(
    `LambdaClient: ${option} must be a number of milliseconds above 0 and at most ${LONGEST_TIMEOUT_MS}`,
  );
}

/** Whether an id is well-formed is Lambda's to say; what would make another path of ours is refused here. */
function requireInstanceId(id: string, endpoint: string): void {
  if (!/^[0-9A-Za-z_-]+$/.test(id)) {
    refuseUnsent(endpoint, [{ field: 'id', problem: 'must be an instance id: 32 digits 0-9 and a-f' }]);
  }
}

function refuseUnsent(endpoint: string, fields: readonly InvalidField[]): void {
  if (fields.length === 0) return;
  const problems = fields.map(({ field, problem }) => `${field === '' ? 'request' : field} ${problem}`).join('; ');
  const details = { endpoint, outcome: 'refused' } as const;
  throw new LambdaInvalidRequestError(`${endpoint} was not sent: ${problems}`, 'invalid-request', details, fields);
}

function endlessList(problem: string): LambdaResponseError {
  const endpoint = 'GET /instances';
  const details = { endpoint, outcome: 'unknown', status: 200 } as const;
  return new LambdaResponseError(
    `${endpoint} could not be read to its end: ${problem}`,
    'unreadable-response',
    details,
    'page_token',
  );
}
