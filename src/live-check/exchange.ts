/** One HTTP exchange with Lambda as it went over the wire, without the request's headers: the key is among them. */
export interface Exchange {
  readonly method: string;
  /** With its query, below the API's root: `/instances?page_token=…`. */
  readonly path: string;
  /** Parsed; undefined: there was none. */
  readonly request: unknown;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Undefined: no complete answer came. */
  readonly answer: ExchangeAnswer | undefined;
}

export interface ExchangeAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Undefined: it is not JSON. */
  readonly json: unknown;
}

export const LAUNCH_PATH = '/instance-operations/launch';
export const TERMINATE_PATH = '/instance-operations/terminate';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands under `data` of a good answer. */
export function dataOf({ answer }: Exchange): unknown {
  return answer?.status === 200 && isFields(answer.json) ? answer.json['data'] : undefined;
}

/** Lambda's code of a refusal. */
export function codeOf({ answer }: Exchange): string | undefined {
  const error = isFields(answer?.json) ? answer.json['error'] : undefined;
  return isFields(error) && typeof error['code'] === 'string' ? error['code'] : undefined;
}

/** Where instances stand in an answer, whatever was asked. */
export function instancesIn(exchange: Exchange): readonly Fields[] {
  if (!exchange.path.startsWith('/instance')) return [];
  const data = dataOf(exchange);
  const ended = isFields(data) ? data['terminated_instances'] : undefined;
  const list = Array.isArray(data) ? data : Array.isArray(ended) ? ended : [data];
  return (list as readonly unknown[]).filter(isFields).filter((item) => typeof item['status'] === 'string');
}

/** A complete list of instances, as far as one answer shows: pages are looked at one by one. */
export function isInstanceList({ method, path, answer }: Exchange): boolean {
  return method === 'GET' && /^\/instances(\?|$)/.test(path) && answer?.status === 200;
}

/** The id that a launch was answered with. */
export function launchedId(exchange: Exchange): string | undefined {
  const data = exchange.path === LAUNCH_PATH ? dataOf(exchange) : undefined;
  const ids = isFields(data) ? data['instance_ids'] : undefined;
  return Array.isArray(ids) && typeof ids[0] === 'string' ? ids[0] : undefined;
}

/** Whether it asked to terminate that instance. */
export function terminates(exchange: Exchange, instanceId: string): boolean {
  const ids = isFields(exchange.request) ? exchange.request['instance_ids'] : undefined;
  return exchange.path === TERMINATE_PATH && Array.isArray(ids) && ids.includes(instanceId);
}
