import { createHmac, createPrivateKey } from 'node:crypto';
import sshpk from 'sshpk';

/** What stands before the 32 secret bytes in the PKCS#8 form of an ed25519 key (RFC 8410). */
const PKCS8_ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface HostKey {
  /** The private key in OpenSSH's form, as /etc/ssh/ssh_host_ed25519_key holds it. */
  readonly privateKey: string;
  /** One line, `ssh-ed25519 AAAA… comment`. */
  readonly publicKey: string;
}

/** The ed25519 host key an image made up for itself. The same seed gives the same key: runs repeat. */
export function imageHostKey(seed: number, hostname: string): HostKey {
  const secret = createHmac('sha256', 'ssh host key').update(String(seed)).digest();
  const der = Buffer.concat([PKCS8_ED25519_HEAD, secret]);
  const pkcs8 = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  const key = sshpk.parsePrivateKey(pkcs8, 'pkcs8');
  key.comment = `root@${hostname}`;
  return { privateKey: key.toString('ssh-private'), publicKey: `${key.toPublic().toString('ssh')}\n` };
}
