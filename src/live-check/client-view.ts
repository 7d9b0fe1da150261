import type { z } from 'zod';
import { readAnswer } from '../clients/lambda/answer.ts';
import type { LambdaRequestKind } from '../clients/lambda/request-kind.ts';
import {
  imagesAnswer,
  instanceAnswer,
  instancesAnswer,
  instanceTypesAnswer,
  launchAnswer,
  regionsAnswer,
  sshKeysAnswer,
  terminateAnswer,
} from '../clients/lambda/wire.ts';

/** An answer as the wire brought it, or as a recording keeps it. */
export interface ReadableAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What our client makes of an answer, by the very parsers that it uses. Throws the LambdaError that the client would. */
export function clientView({ method, path, status, headers, text }: ReadableAnswer): unknown {
  const { kind, schema } = parserOf(method, path);
  const answer = {
    status,
    contentType: headers['content-type'],
    location: headers['location'],
    retryAfterMs: undefined,
    serverTimeMs: undefined,
    body: text,
  };
  return readAnswer(answer, { kind, endpoint: `${method} ${path}`, apiKey: '' }, schema);
}

function parserOf(method: string, path: string): { readonly kind: LambdaRequestKind; readonly schema: z.ZodType } {
  const [route = ''] = path.split('?');
  switch (`${method} ${route}`) {
    case 'GET /instances':
      return { kind: 'listInstances', schema: instancesAnswer };
    case 'GET /instance-types':
      return { kind: 'listInstanceTypes', schema: instanceTypesAnswer };
    case 'GET /ssh-keys':
      return { kind: 'listSshKeys', schema: sshKeysAnswer };
    case 'GET /images':
      return { kind: 'listImages', schema: imagesAnswer };
    case 'GET /regions':
      return { kind: 'listRegions', schema: regionsAnswer };
    case 'POST /instance-operations/launch':
      return { kind: 'launchInstance', schema: launchAnswer };
    case 'POST /instance-operations/terminate':
      return { kind: 'terminateInstance', schema: terminateAnswer };
    default:
      if (!/^(GET|POST) \/instances\/[^/]+$/.test(`${method} ${route}`))
        throw new Error(`nobody asks ${method} ${path}`);
      return { kind: method === 'GET' ? 'getInstance' : 'updateInstance', schema: instanceAnswer };
  }
}
