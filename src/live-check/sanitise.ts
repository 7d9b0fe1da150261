import { z } from 'zod';
import { answerShape, formOf, requestShape } from './answer-shapes.ts';
import { isFields, type Exchange, type Fields } from './exchange.ts';
import { Placeholders } from './placeholders.ts';

/** One exchange without anything that is somebody's. */
export const fixtureExchange = z.object({
  method: z.string(),
  path: z.string(),
  request: z.unknown().optional(),
  /** Milliseconds since the first exchange. */
  atMs: z.number(),
  tookMs: z.number(),
  /** Null: no complete answer came. */
  status: z.number().nullable(),
  headers: z.record(z.string(), z.string()),
  /** JSON; a string where the answer was none. */
  body: z.unknown().optional(),
});

export type FixtureExchange = z.output<typeof fixtureExchange>;

/** By which our own among the account's things are known. */
export interface Ours {
  readonly instanceId: string | undefined;
  readonly sshKeyName: string | undefined;
}

/** The exchanges as they may be shown; of those that are all the same, only the first. */
export function sanitised(exchanges: readonly Exchange[], ours: Ours): readonly FixtureExchange[] {
  const to = new Placeholders();
  const begun = exchanges[0]?.sentAt ?? 0;
  const isOurs = (item: Fields): boolean =>
    (ours.instanceId !== undefined && item['id'] === ours.instanceId) ||
    (ours.sshKeyName !== undefined && item['name'] === ours.sshKeyName && 'public_key' in item);
  const seen = new Set<string>();
  return exchanges.flatMap((exchange) => {
    const { method, path, request, sentAt, answeredAt, answer } = exchange;
    const shown = {
      method,
      path: shownPath(path, to),
      ...(request === undefined ? {} : { request: requestShape(path)(request, to) }),
      status: answer?.status ?? null,
      headers: shownHeaders(answer?.headers ?? {}),
      ...(answer === undefined ? {} : { body: shownBody(exchange, answer, isOurs, to) }),
    };
    const key = JSON.stringify({ ...shown, headers: { ...shown.headers, date: undefined } });
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ ...shown, atMs: sentAt - begun, tookMs: answeredAt - sentAt }];
  });
}

function shownPath(path: string, to: Placeholders): string {
  const [route = '', query] = path.split('?');
  const shown = route
    .split('/')
    .map((part) => (/^[a-z-]{0,30}$/.test(part) ? part : to.id(part)))
    .join('/');
  if (query === undefined) return shown;
  const values = [...new URLSearchParams(query)].map(([name, value]) => `${name}=${to.word('token', value)}`);
  return `${shown}?${values.join('&')}`;
}

function shownBody(
  { method, path }: Exchange,
  answer: NonNullable<Exchange['answer']>,
  isOurs: (item: Fields) => boolean,
  to: Placeholders,
): unknown {
  const { status, text, json } = answer;
  if (isFields(json)) return answerShape(method, path, status, isOurs)(json, to);
  // Cloudflare's own words.
  if (text === '' || /^error code: \d{1,5}$/.test(text.trim())) return text.trim();
  return `(${json === undefined ? 'text' : 'JSON'} of ${text.length} characters)`;
}

/** Kept as they are, where they have the form that belongs there. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  'content-type': /^[a-z]+\/[a-z.+-]+(; ?charset=[a-zA-Z0-9-]+)?$/,
  date: /^[A-Z][a-z]{2}, [\w: ]{10,30} GMT$/,
  'retry-after': /^(\d{1,6}(\.\d+)?|[A-Z][a-z]{2}, [\w: ]{10,30} GMT)$/,
  server: /^[a-z]{1,20}$/i,
};
/** `x-ratelimit-remaining`, `ratelimit-policy` */
const LIMIT = /^(x-)?rate-?limit(-[a-z]+)*$/;
/** Their form may be looked for in a log one day; the ids are the account's. */
const REQUEST_ID = /^(cf-ray|(x-)?([a-z]+-)?(request|trace|correlation)-?id)$/;

function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]): [string, string][] => {
      if (isPlainHeader(name, value)) return [[name, value]];
      if (LIMIT.test(name) && /^[\w=;, "-]{1,80}$/.test(value)) return [[name, formIfLong(value)]];
      return REQUEST_ID.test(name) ? [[name, formOf(value)]] : [];
    }),
  );
}

/** Whether it has the form that belongs there, which says nothing of the account. */
export function isPlainHeader(name: string, value: string): boolean {
  return HEADERS[name]?.test(value) === true;
}

/** Limits are short numbers; what is longer may be a key. */
function formIfLong(value: string): string {
  return value.replaceAll(/[A-Za-z0-9]{11,}/g, formOf);
}

/** The second line: which of these texts stand in what is about to be written, and must not. Short ones could be there by chance. */
export function leaks(text: string, secrets: readonly (string | undefined)[]): readonly number[] {
  return secrets.flatMap((secret, at) =>
    secret !== undefined && secret.length >= 6 && stands(secret, text) ? [at] : [],
  );
}

/** An address counts as a whole: 10.0.0.1 does not stand in 10.0.0.12. */
function stands(secret: string, text: string): boolean {
  if (!/^[\d.]+$/.test(secret)) return text.includes(secret);
  return new RegExp(`(?<![\\d.])${secret.replaceAll('.', '\\.')}(?!\\.?\\d)`).test(text);
}
