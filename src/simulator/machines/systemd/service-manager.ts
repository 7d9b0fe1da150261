import { FileError } from '../files/file-error.ts';
import { ROOT } from '../files/file-tree.ts';
import type { System } from '../system.ts';
import { Service } from './service.ts';
import { parseUnit } from './unit-file.ts';
import type { Unit } from './unit-file.ts';

const UNIT_DIRECTORIES = ['/etc/systemd/system', '/run/systemd/system', '/lib/systemd/system'] as const;
const OWN_DIRECTORY = '/etc/systemd/system';

/** `x` is `x.service`. */
export function unitName(text: string): string {
  return /\.\w+$/.test(text) ? text : `${text}.service`;
}

/** systemd of one boot: reads units from files, starts, stops and watches services. */
export class ServiceManager {
  readonly #system: System;
  readonly #services = new Map<string, Service>();
  #loaded = new Map<string, string>();

  constructor(system: System) {
    this.#system = system;
    this.reload();
  }

  /** `daemon-reload`: what the files say now is what counts. */
  reload(): void {
    this.#loaded = new Map();
    for (const directory of [...UNIT_DIRECTORIES].reverse()) {
      for (const name of this.#names(directory)) {
        const text = this.#read(`${directory}/${name}`);
        if (text !== undefined && name.endsWith('.service')) this.#loaded.set(name, text);
      }
    }
    for (const [name, service] of this.#services) {
      const text = this.#loaded.get(name);
      if (text !== undefined) service.unit = parseUnit(name, text);
    }
  }

  /** The service of this name; undefined if there is no such unit. A file that came after the last reload is found too, as systemd does. */
  find(name: string): Service | undefined {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const text = this.#loaded.get(name) ?? this.#readUnit(name);
    if (text === undefined) return undefined;
    const service = new Service(this.#system, parseUnit(name, text));
    this.#services.set(name, service);
    return service;
  }

  /** Every service that has a unit file, by name. */
  all(): readonly Service[] {
    return [...new Set([...this.#loaded.keys(), ...this.#services.keys()])]
      .sort()
      .flatMap((name) => this.find(name) ?? []);
  }

  /** Units whose link stands in a target's `.wants`: they start at boot. */
  isEnabled(name: string): boolean {
    return this.#names(OWN_DIRECTORY)
      .filter((entry) => entry.endsWith('.wants'))
      .some((entry) => this.#names(`${OWN_DIRECTORY}/${entry}`).includes(name));
  }

  /** Links made. None: the unit has no [Install]. */
  enable(unit: Unit): readonly string[] {
    return unit.wantedBy.map((target) => {
      const link = `${OWN_DIRECTORY}/${target}.wants/${unit.name}`;
      this.#system.files.makeDirectory(`${OWN_DIRECTORY}/${target}.wants`, ROOT, true);
      if (!this.#system.files.exists(link, ROOT, false)) {
        this.#system.files.makeLink(`${OWN_DIRECTORY}/${unit.name}`, link, ROOT);
      }
      return link;
    });
  }

  disable(name: string): void {
    for (const entry of this.#names(OWN_DIRECTORY).filter((each) => each.endsWith('.wants'))) {
      const link = `${OWN_DIRECTORY}/${entry}/${name}`;
      if (this.#system.files.exists(link, ROOT, false)) this.#system.files.remove(link, ROOT);
    }
  }

  /** What happens at boot. */
  async startEnabled(): Promise<void> {
    for (const service of this.all()) {
      if (this.isEnabled(service.unit.name)) await service.start();
    }
  }

  #readUnit(name: string): string | undefined {
    for (const directory of UNIT_DIRECTORIES) {
      const text = this.#read(`${directory}/${name}`);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  #names(directory: string): string[] {
    return this.#attempt(() => this.#system.files.list(directory, ROOT)) ?? [];
  }

  #read(path: string): string | undefined {
    return this.#attempt(() => Buffer.from(this.#system.files.readFile(path, ROOT)).toString('utf8'));
  }

  #attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (error instanceof FileError) return undefined;
      throw error;
    }
  }
}
