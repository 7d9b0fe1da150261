import { z } from 'zod';
import {
  accepted,
  adoptedInstance,
  diagnosis,
  endedInstance,
  failureDetails,
  failureType,
  instanceList,
  instanceTypeList,
  keptNode,
  progress,
  releasedInstance,
  sweepResult,
  terminatedNode,
  waitingLine,
} from './answer-schemas.ts';
import { node, provisionNodeRequest } from './provision-node.ts';
import { instanceRequest, sweepRequest } from './sweep.ts';
import { terminateNodeRequest } from './terminate-node.ts';

/** What callers send, by file under `schema/`. */
const SENT: Readonly<Record<string, z.ZodType>> = {
  'provision-node.request.json': provisionNodeRequest,
  'terminate-node.request.json': terminateNodeRequest,
  'sweep.request.json': sweepRequest,
  'instance.request.json': instanceRequest,
};

/** What callers get. */
const ANSWERED: Readonly<Record<string, z.ZodType>> = {
  'node.json': node,
  'terminate-node.result.json': terminatedNode,
  'accepted.json': accepted,
  'kept-node.json': keptNode,
  'progress.json': progress,
  'waiting-line.json': waitingLine,
  'list-instances.result.json': instanceList,
  'list-instance-types.result.json': instanceTypeList,
  'sweep.result.json': sweepResult,
  'end-instance.result.json': endedInstance,
  'adopt-instance.result.json': adoptedInstance,
  'release-instance.result.json': releasedInstance,
  'diagnose.result.json': diagnosis,
  'failure-type.json': failureType,
  'failure-details.json': failureDetails,
};

/**
 * The contract as JSON Schema (draft 7, which validators of every language know), file name to text. What callers send is described as
 * strictly as it is parsed, as far as JSON Schema can. What they get is described leniently, for it grows: unknown fields pass, and the words
 * of today are examples, so that nobody's validator breaks on those of tomorrow.
 */
export function jsonSchemas(): Record<string, string> {
  return Object.fromEntries([
    ...Object.entries(SENT).map(([file, schema]) => [file, describe(schema, plain)]),
    ...Object.entries(ANSWERED).map(([file, schema]) => [file, describe(schema, lenient)]),
  ]) as Record<string, string>;
}

type Override = (context: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }) => void;

function describe(schema: z.ZodType, override: Override): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { target: 'draft-7', io: 'input', override }), undefined, 2)}\n`;
}

/** Without the limits of JavaScript's whole numbers, which are nobody's rule. */
function plain({ jsonSchema }: Parameters<Override>[0]): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function lenient(context: Parameters<Override>[0]): void {
  const { jsonSchema } = context;
  plain(context);
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  if (jsonSchema.enum === undefined) return;
  jsonSchema.examples = jsonSchema.enum;
  delete jsonSchema.enum;
}
