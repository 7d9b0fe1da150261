import { createHash, timingSafeEqual } from 'node:crypto';
import proto from '@temporalio/proto'; // CommonJS, whose names Node cannot see
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { EncryptionCodec } from './codec.ts';
import { EncryptedPayloadError } from './errors.ts';
import type { KeySource } from './key-source.ts';

// Temporal's remote codec (https://docs.temporal.io/codec-server): the Temporal UI and `temporal --codec-endpoint` post payloads as protobuf's
// JSON, and get them back readable, or encrypted. Whoever may ask can read everything, so:
//   1. A browser is answered only on the page of the UI that is named. A request of another page is refused, not just left unreadable.
//   2. It listens on this machine only, unless there is a token to show.
//   3. Nothing of a payload is logged, or repeated in a refusal.

export interface CodecServerOptions {
  readonly keys: KeySource;
  readonly host: string;
  readonly port: number;
  /** Origin of the Temporal UI's pages, `https://temporal.example.com`. Undefined: no browser is answered. */
  readonly uiOrigin: string | undefined;
  /** Has to be shown as bearer token. Undefined: whoever reaches it is answered. */
  readonly token: (() => Promise<string>) | undefined;
}

export interface CodecServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What a page of a history holds: Temporal's own limit of a message is 4 MB, which base64 makes a third longer. */
const BODY_LIMIT_BYTES = 16 * 1_024 * 1_024;

const base64 = z.string().regex(/^[\w+/-]*={0,2}$/);
const body = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.nullish() })),
});

const Payloads = proto.temporal.api.common.v1.Payloads;

export async function startCodecServer({
  keys,
  host,
  port,
  uiOrigin,
  token,
}: CodecServerOptions): Promise<CodecServer> {
  const codec = new EncryptionCodec(keys);
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: BODY_LIMIT_BYTES });

  // A page may send plain text to anywhere without asking first.
  server.removeContentTypeParser('text/plain');

  server.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined) return;
    if (origin !== uiOrigin) return refuse(reply, 403, 'this is not the page of the Temporal UI that is answered');
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      vary: 'origin',
    });
  });

  // What a browser asks before it sends the request itself, and without a token.
  const preflight = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const asked = request.headers['access-control-request-headers'];
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'POST',
        // Which headers the UI sends differs by its version.
        ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
        // The UI is elsewhere, this is on the machine of who looks at it.
        'access-control-allow-private-network': 'true',
      })
      .send();
  };

  const answer =
    (verb: 'encode' | 'decode') =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const wanted = await token?.();
      if (wanted !== undefined && !isSame(request.headers.authorization ?? '', `Bearer ${wanted}`)) {
        return refuse(reply.header('www-authenticate', 'Bearer'), 401, 'the bearer token is missing or wrong');
      }
      const parsed = body.safeParse(request.body);
      if (!parsed.success) return refuse(reply, 400, 'not of the form {"payloads": [{"metadata": {…}, "data": "…"}]}');
      try {
        const payloads = await codec[verb](Payloads.fromObject(parsed.data).payloads);
        return await reply.send(Payloads.toObject(Payloads.fromObject({ payloads }), { bytes: String, arrays: true }));
      } catch (error) {
        if (error instanceof EncryptedPayloadError) return refuse(reply, 422, error.message);
        throw error;
      }
    };

  for (const verb of ['encode', 'decode'] as const) {
    // The endpoint that is configured may have the namespace in it.
    for (const path of [`/${verb}`, `/:namespace/${verb}`]) {
      server.options(path, preflight);
      server.post(path, answer(verb));
    }
  }
  server.get('/healthz', () => ({ status: 'ok' }));
  server.setNotFoundHandler((_request, reply) =>
    refuse(reply, 404, 'POST /encode and /decode, GET /healthz are answered'),
  );
  server.setErrorHandler(async (error: { readonly statusCode?: number; readonly message: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    // Of the parser's own text, that of bad JSON repeats the body.
    return refuse(reply, status, REFUSALS[status] ?? (status < 500 ? 'the request cannot be read' : error.message));
  });
  const url = await server.listen({ host, port });
  return { url, close: () => server.close() };
}

const REFUSALS: Readonly<Record<number, string>> = {
  413: `more than ${BODY_LIMIT_BYTES / 1_024 / 1_024} MiB`,
  415: 'only application/json is read',
};

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ message });
}

/** In a time that says nothing of where they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
