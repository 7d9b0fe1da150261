/**
 * Loopback addresses for machines: each gets a 127.x.y.z of its own, never 127.0.y.z, where the host's own servers live. Which one
 * comes when depends on the seed and the count only.
 */
export class AddressBook {
  readonly #start: number;
  readonly #reuse: boolean;
  readonly #free: string[] = [];
  #count = 0;

  /** With `reuse`, an address given back is the next one given out, as clouds like to do. */
  constructor(options: { readonly seed: number; readonly reuse: boolean }) {
    this.#start = options.seed % TOTAL;
    this.#reuse = options.reuse;
  }

  take(): string {
    const used = this.#reuse ? this.#free.pop() : undefined;
    return used ?? addressAt((this.#start + STRIDE * this.#count++) % TOTAL);
  }

  giveBack(address: string): void {
    this.#free.push(address);
  }
}

/** Octets from 1 to 254: no network or broadcast look-alikes. */
const OCTETS = 254;
const TOTAL = OCTETS ** 3;
/** Prime, and no divisor of TOTAL (2, 127): the walk visits every address before it repeats one. */
const STRIDE = 7_368_787;

function addressAt(index: number): string {
  const octet = (place: number): number => 1 + (Math.floor(index / OCTETS ** place) % OCTETS);
  return `127.${octet(2)}.${octet(1)}.${octet(0)}`;
}
