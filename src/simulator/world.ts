import { randomInt } from 'node:crypto';
import { Account } from './account.ts';
import { AddressBook } from './addresses.ts';
import { DEFAULT_BOOT_MODEL } from './boot-model.ts';
import { Capacity } from './capacity.ts';
import { INSTANCE_TYPES, REGIONS, type InstanceTypeSpec } from './catalogue.ts';
import { RunningClock } from './clock.ts';
import { Cloud } from './cloud.ts';
import { FaultEngine } from './faults/engine.ts';
import { SILENT } from './log.ts';
import { MachineRoom } from './machine-room.ts';
import { createMachine } from './machines/create-machine.ts';
import { ControlPlane } from './navarch/control-plane.ts';
import type { SimulatorOptions } from './options.ts';
import { derivedSeed, seededRandom } from './random.ts';
import { Recorder } from './record.ts';

/** Everything simulated, put together by the options, before any of it is reachable over HTTP. */
export function buildWorld(options: SimulatorOptions, sshPort: number) {
  const seed = options.seed ?? randomInt(2 ** 32);
  const log = options.logger ?? SILENT;
  const limits = options.limits ?? {};
  const clock = new RunningClock({
    factor: options.clockFactor ?? 1,
    ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
  });
  const apiKey = options.apiKey ?? apiKeyFrom(seed);
  const types = withTypes(options.types ?? []);
  const recorder = new Recorder(clock);
  const faults = new FaultEngine({ plan: options.faults ?? [], seed, clock });
  const capacity = new Capacity({
    model: options.capacity ?? { kind: 'plentiful' },
    hints: options.capacityHints ?? {},
    types,
    regions: REGIONS,
    clock,
    seed,
  });
  const machines = new MachineRoom({
    createMachine: options.createMachine ?? createMachine,
    clock,
    seed,
    sshPort,
    recorder,
    log,
  });
  const cloud = new Cloud({
    clock,
    seed,
    bootModel: { ...DEFAULT_BOOT_MODEL, ...options.bootModel },
    afterEnd: options.afterEnd ?? {},
    capacity,
    addresses: new AddressBook({ seed: derivedSeed(seed, 'addresses'), reuse: options.reuseAddresses ?? false }),
    faults,
    machines,
    recorder,
  });
  const account = new Account(
    {
      name: 'default',
      apiKeys: [apiKey],
      sshKeys: options.sshKeys ?? [],
      ...(options.quota === undefined ? {} : { quota: options.quota }),
    },
    { clock, limits },
  );
  const accounts = [account, ...(options.accounts ?? []).map((spec) => new Account(spec, { clock, limits }))];
  const plane = new ControlPlane({ clock, recorder });
  faults.whenNavarchRestarts(() => plane.forget());
  return {
    seed,
    clock,
    log,
    limits,
    apiKey,
    types,
    recorder,
    faults,
    capacity,
    machines,
    cloud,
    account,
    accounts,
    plane,
  };
}

/** Of the form seen on real keys. */
function apiKeyFrom(seed: number): string {
  const random = seededRandom(seed, 'api key');
  return `secret_simulator_${random.hex(32)}.${random.hex(32)}`;
}

function withTypes(extra: readonly InstanceTypeSpec[]): readonly InstanceTypeSpec[] {
  const replaced = new Set(extra.map(({ name }) => name));
  return [...INSTANCE_TYPES.filter(({ name }) => !replaced.has(name)), ...extra];
}
