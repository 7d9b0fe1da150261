import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { ControlPlaneService } from '../../clients/navarch/gen/navarch_pb.ts';
import type { FaultEngine } from '../faults/engine.ts';
import type { Recorder } from '../record.ts';
import type { ControlPlane } from './control-plane.ts';
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

/** Navarch's control plane over HTTP/1.1 (Connect and gRPC-Web; the real one speaks h2c too). */
export function navarchServer(options: NavarchServerOptions): Server {
  const service = controlPlaneService(options.plane, options.pace, options.recorder);
  const connect = connectNodeAdapter({
    routes: (router) => router.service(ControlPlaneService, service),
    fallback: (_request, response) => text(response as ServerResponse, 404, '404 page not found'),
  });
  return createServer((request, response) => {
    const faults = options.faults.navarchNow();
    const unavailable = faults.find((fault) => fault.kind === 'unavailable');
    if (!options.isUp() || (unavailable !== undefined && unavailable.as !== '503')) {
      request.socket.resetAndDestroy();
      return;
    }
    if (unavailable !== undefined) {
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
  });
}

function isAuthorized(request: IncomingMessage, token: string | undefined): boolean {
  return token === undefined || request.headers.authorization === `Bearer ${token}`;
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}
