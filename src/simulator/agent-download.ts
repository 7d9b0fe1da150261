import type { FastifyInstance } from 'fastify';

/** Where, under the download URL's path, the agent for each architecture lies, as in Navarch's releases. */
export const AGENT_DOWNLOAD_PATH = '/navarch/releases/latest/download';

const ARCHITECTURES = ['amd64', 'arm64'] as const;

/**
 * The file that stands for the agent's executable. A machine's shell knows it by its first line, and runs the simulated agent; it is
 * text, so that a test can read it and so that it does nothing anywhere else.
 */
export function agentFile(architecture: (typeof ARCHITECTURES)[number]): string {
  return `#!navarch-node-simulated ${architecture}\nThis stands for the Navarch node agent. Only a simulated machine can run it.\n`;
}

export function addAgentDownload(server: FastifyInstance): void {
  for (const architecture of ARCHITECTURES) {
    server.get(`${AGENT_DOWNLOAD_PATH}/navarch-node-linux-${architecture}`, (_request, reply) =>
      reply.type('application/octet-stream').send(agentFile(architecture)),
    );
  }
}
