import type { HostKey } from '../clients/ssh/index.ts';
import { userDataType } from '../domain/user-data.ts';

/**
 * cloud-init user data that gives the machine the SSH host key we chose, and no other (P10). JSON is YAML, so nothing needs quoting. See
 * cloud-init's module "SSH": ssh_deletekeys, ssh_genkeytypes, ssh_keys.
 */
export function hostKeyUserData(hostKey: HostKey): string {
  const config = {
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: hostKey.privateKeyOpenSsh, ed25519_public: hostKey.publicKeyOpenSsh },
  };
  return `#cloud-config\n${JSON.stringify(config, undefined, 2)}\n`;
}

/**
 * Ours and the caller's, as one MIME multipart, which cloud-init takes apart again. Of two parts that set the same key the later counts, so ours
 * stands last. A caller's own multipart is a part with parts of its own.
 */
export function mergedUserData(ours: string, theirs: string | undefined): string {
  if (theirs === undefined) return ours;
  const boundary = boundaryFor(ours + theirs);
  const type = userDataType(theirs);
  const part = type === 'message' ? theirs : `${headers(type ?? 'text/plain')}\n${theirs}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n`,
    `--${boundary}\n${part}`,
    `--${boundary}\n${headers('text/cloud-config')}\n${ours}`,
    `--${boundary}--\n`,
  ].join('\n');
}

function headers(type: string): string {
  return `Content-Type: ${type}; charset="utf-8"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n`;
}

/** The same for the same text: a launch is one request, however often it is prepared. */
function boundaryFor(text: string): string {
  for (let number = 1; ; number += 1) {
    const boundary = `navarch-provisioner-${number}`;
    if (!text.includes(boundary)) return boundary;
  }
}
