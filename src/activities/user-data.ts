import type { HostKey } from '../clients/ssh/index.ts';

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
