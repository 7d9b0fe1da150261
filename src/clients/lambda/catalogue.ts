import type { Region } from './instance.ts';

/** A public SSH key registered with the account. Its id tells accounts apart. */
export interface SshKey {
  readonly id: string;
  /** What a launch refers to. */
  readonly name: string;
  /** OpenSSH's one-line form. */
  readonly publicKey: string;
}

/** A machine image in one region; the same family has another id in each. */
export interface Image {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** `lambda-stack-24-04` */
  readonly family: string;
  readonly version: string;
  /** `x86_64` or `arm64` */
  readonly architecture: string;
  readonly region: Region;
}
