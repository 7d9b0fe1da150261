import type { HostKey } from '../clients/ssh/index.ts';
import { BASE64_LINE, userDataEncoding, userDataType } from '../domain/user-data.ts';

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
 * Ours and the caller's, as one MIME multipart, which cloud-init takes apart again. Of two parts that set the same key the later one's counts, whole
 * (unless the later asks for something else), so ours stands last. A caller's own multipart is a part with parts of its own.
 */
export function mergedUserData(ours: string, theirs: string | undefined): string {
  if (theirs === undefined) return ours;
  const type = userDataType(theirs);
  const their = type === 'message' ? theirs.trimStart() : part(type ?? 'text/plain', theirs);
  const our = part('text/cloud-config', ours);
  const boundary = boundaryFor(our + their);
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n`,
    `--${boundary}\n${their}`,
    `--${boundary}\n${our}`,
    `--${boundary}--\n`,
  ].join('\n');
}

function part(type: string, text: string): string {
  const encoding = userDataEncoding(text);
  const lines = encoding === '7bit' ? text : inLines(Buffer.from(text).toString('base64'));
  return `Content-Type: ${type}; charset="utf-8"\nMIME-Version: 1.0\nContent-Transfer-Encoding: ${encoding}\n\n${lines}`;
}

function inLines(base64: string): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += BASE64_LINE) lines.push(base64.slice(at, at + BASE64_LINE));
  return lines.join('\n');
}

/** The same for the same text: a launch is one request, however often it is prepared. */
function boundaryFor(text: string): string {
  for (let number = 1; ; number += 1) {
    const boundary = `navarch-provisioner-${number}`;
    if (!text.includes(boundary)) return boundary;
  }
}
