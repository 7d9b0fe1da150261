import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';

// A recorded history as a file: JSON as Temporal's own tools write it, one event a line, and nothing in it of the machine it was made on.

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Who polled: process id and host name. Sticky queues begin with it, too. */
export const IDENTITY = /\b\d+@[\w.-]+/g;
/** Paths of the worker's files. No workflow sees them. */
const STACK_TRACE = 'stackTrace';

export function historyText(history: temporal.api.history.v1.IHistory): string {
  const { events } = withoutMachine(JSON.parse(historyToJSON(history)) as Json) as { readonly events: readonly Json[] };
  return `{"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

function withoutMachine(value: Json): Json {
  if (typeof value === 'string') return value.replace(IDENTITY, 'recorded');
  if (Array.isArray(value)) return value.map((each: Json) => withoutMachine(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, inner]) => {
      if (key === STACK_TRACE) return [];
      return [[key, withoutMachine(inner)]];
    }),
  );
}

/** All that a file says, its payloads in plain text. */
export function readableText(text: string): string {
  return text.replace(/"data":"([A-Za-z0-9+/=]+)"/g, (_, data: string) => {
    const plain = Buffer.from(data, 'base64').toString('utf8');
    return `"data":${JSON.stringify(plain)}`;
  });
}
