import type { MachineFaults } from './machine.ts';

type Failure = NonNullable<MachineFaults['failCommands']>[number];

/** Which commands a machine is to fail, and how often each did already. */
export interface CommandFailures {
  readonly rules: readonly Failure[];
  readonly used: Map<Failure, number>;
}

/** How this command fails by itself before it does anything; undefined: it does not. Counts the use. */
export function failingCommand(
  failures: CommandFailures,
  command: string,
): { readonly exitCode: number; readonly stderr: string } | undefined {
  for (const rule of failures.rules) {
    const used = failures.used.get(rule) ?? 0;
    if (!command.includes(rule.match) || used >= (rule.times ?? Infinity)) continue;
    failures.used.set(rule, used + 1);
    return { exitCode: rule.exitCode ?? 1, stderr: rule.stderr ?? '' };
  }
  return undefined;
}
