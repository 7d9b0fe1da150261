import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addAgentDownload } from '../agent-download.ts';
import type { LambdaApi } from './api.ts';
import type { Endpoint } from './call.ts';
import type { Reply } from './reply.ts';

const PREFIX = '/api/v1';
/** Larger than any valid request, so that a launch with too much user data is refused by the API and not by the server. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** The HTTP server of the Lambda API; it also serves the agent's download, which has nothing to do with Lambda. */
export function lambdaServer(
  api: LambdaApi,
  endpoints: readonly Endpoint[],
  /** By how much its Date header is ahead of the real time. */
  dateAheadMs: () => number,
): FastifyInstance {
  const server = fastify({
    forceCloseConnections: true,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 200 },
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  const handler =
    (endpoint: Endpoint | undefined) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const arrival = {
        method: request.method,
        url: request.url,
        headers: request.headers,
        params: request.params as Record<string, string>,
        query: request.query as Record<string, string>,
        body: typeof request.body === 'string' ? request.body : '',
      };
      return send(await api.respond(arrival, endpoint), request, reply);
    };
  for (const endpoint of endpoints) {
    server.route({ method: endpoint.method, url: `${PREFIX}${endpoint.path}`, handler: handler(endpoint) });
  }
  // Seen live: the path that reads filesystems answers 405 to the method that makes them (§2).
  server.route({
    method: ['POST', 'PUT', 'DELETE'],
    url: `${PREFIX}/file-systems`,
    handler: (_, reply) => reply.code(405).send(),
  });
  addAgentDownload(server);
  server.addHook('onSend', async (_request, reply) => {
    const aheadMs = dateAheadMs();
    if (aheadMs !== 0) reply.header('date', new Date(Date.now() + aheadMs).toUTCString());
  });
  server.setNotFoundHandler(handler(undefined));
  return server;
}

function send(answer: Reply, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (answer.kind === 'response') {
    return reply
      .code(answer.status)
      .headers(answer.headers ?? {})
      .type(answer.contentType)
      .send(answer.body);
  }
  reply.hijack();
  if (answer.kind === 'reset') request.raw.socket.resetAndDestroy();
  return reply;
}
