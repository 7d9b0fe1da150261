import type { Command } from 'commander';
import { ConfigurationError } from '../../config.ts';
import { reportConfig, type ConfigReport, type Setting } from '../../config-report.ts';
import { unknownVariableText } from '../../config-variables.ts';
import type { CliIo } from '../io.ts';
import { paintFor, type Paint } from '../paint.ts';
import { json, oneLine } from '../text.ts';
import type { GlobalFlags } from '../with-provisioner.ts';

export function registerConfig(program: Command, io: CliIo): void {
  program
    .command('config')
    .description(
      'Print the configuration that a worker started here would have: each variable, its value or default, secrets masked. Asks nobody.',
    )
    .action((_flags: unknown, command: Command) => {
      const { json: asJson } = command.optsWithGlobals<GlobalFlags>();
      const report = reportConfig(io.env ?? {});
      io.stdout.write(asJson === true ? json(report) : configText(report, paintFor(io.stdout, io)));
      if (report.problems.length > 0) throw new ConfigurationError(report.problems.join('\n'));
    });
}

export function configText({ settings, unknown }: ConfigReport, paint: Paint): string {
  const width = Math.max(...settings.map(({ name }) => name.length));
  const rows = settings.map((setting) => `${setting.name.padEnd(width)}  ${valueText(setting, paint)}\n`);
  const warnings = unknown.map((variable) => `${paint.yellow('warning:')} ${unknownVariableText(variable)}\n`);
  return [...rows, ...warnings].join('');
}

function valueText({ name, origin, value = '', otherwise }: Setting, paint: Paint): string {
  switch (origin) {
    case 'set':
      return oneLine(value);
    case 'file':
      return `${value} ${paint.dim(`(from the file of ${name}_FILE)`)}`;
    case 'profile':
      return `${oneLine(value)} ${paint.dim("(from Temporal's configuration file)")}`;
    case 'default':
      return paint.dim(otherwise === undefined ? 'not set' : `default: ${otherwise}`);
  }
}
