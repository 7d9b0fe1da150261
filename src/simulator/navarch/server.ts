import type { IncomingMessage, ServerResponse } from 'node:http';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { ControlPlaneService } from '../../clients/navarch/gen/navarch_pb.ts';
import type { FaultEngine } from '../faults/engine.ts';
import type { Recorder } from '../record.ts';
import type { ControlPlane } from './control-plane.ts';
import { eitherHttpServer, type EitherHttpServer } from './either-http.ts';
import { controlPlaneService, type AgentPace } from './service.ts';

export interface NavarchServerOptions {
  readonly plane: ControlPlane;
  readonly pace: AgentPace;
  readonly recorder: Recorder;
  readonly faults: FaultEngine;
  /** What requests must carry as a bearer token; undefined takes everybody. */
  readonly token: string | undefined;
  /** False: the server behaves as if it were down. */
  readonly isUp: () => boolean;
}

/** Pages that need no token. */
const OPEN_PAGES: ReadonlyMap<string, string> = new Map([
  ['/healthz', 'ok'],
  ['/readyz', 'ok'],
  ['/metrics', ''],
]);

/** Navarch's control plane: Connect, gRPC and gRPC-Web, over HTTP/1.1 and h2c. */
export function navarchServer(options: NavarchServerOptions): EitherHttpServer {
  const service = controlPlaneService(options.plane, options.pace, options.recorder);
  const connect = connectNodeAdapter({
    routes: (router) => router.service(ControlPlaneService, service),
    fallback: (_request, response) => text(response as ServerResponse, 404, '404 page not found'),
  });
  const isAway = (): boolean =>
    !options.isUp() || options.faults.navarchNow().some((fault) => fault.kind === 'unavailable' && fault.as !== '503');

  return eitherHttpServer((request, response) => {
    const faults = options.faults.navarchNow();
    if (faults.some(({ kind }) => kind === 'unavailable')) {
      text(response, 503, 'no healthy upstream');
      return;
    }

    const page = OPEN_PAGES.get(request.url ?? '');
    if (page !== undefined) {
      text(response, 200, page);
      return;
    }
    const rejectsAll = faults.some(({ kind }) => kind === 'rejects-token');
    if (rejectsAll || !isAuthorized(request, options.token)) {
      // Not a Connect error: that is how the real one answers.
      response.setHeader('www-authenticate', 'Bearer realm="navarch"');
      text(response, 401, 'unauthorized');
      return;
    }
    connect(request, response);
  }, isAway);
}

function isAuthorized(request: IncomingMessage, token: string | undefined): boolean {
  return token === undefined || request.headers.authorization === `Bearer ${token}`;
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}
