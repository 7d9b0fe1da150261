/** Whom to connect to, as whom, and how the machine proves who it is. */
export interface SshTarget {
  /** An address or a name. */
  readonly host: string;
  /** Default 22. */
  readonly port?: number;
  /** Default `ubuntu`, the user of Lambda's images. */
  readonly username?: string;
  /** OpenSSH, PEM or PKCS#8 text, without a passphrase. */
  readonly privateKey: string;
  /** Offered after it, in this order: a machine made before the key was exchanged takes the old one only. Few: sshd lets six be tried. */
  readonly previousPrivateKeys?: readonly string[];
  readonly hostKey: HostKeyPolicy;
}

export type HostKeyPolicy =
  /** Only the key with this fingerprint (`SHA256:…`) is the machine: an ed25519 key, or, with `anyType`, whatever was once trusted. */
  | { readonly kind: 'pinned'; readonly fingerprint: string; readonly anyType?: boolean }
  /** Whoever answers is the machine. The result says who answered: pin that from then on. */
  | { readonly kind: 'trust-first' };
