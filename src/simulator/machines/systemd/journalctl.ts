import type { Program } from '../processes/programs.ts';
import { program } from '../commands/program-kit.ts';
import { unitName } from './service-manager.ts';
import { journalText } from './systemctl.ts';

/** How often `journalctl -f` looks. */
const FOLLOW_EVERY_MS = 1_000;

/** `journalctl -u X -n N --no-pager [-o cat] [-b] [-f]`. Its lines need root, or the ubuntu user (who is in group adm). */
export const journalctl: Program = program(
  {
    flags: 'fbxekqa',
    valued: 'unoSUp',
    long: {
      unit: 'u',
      lines: 'n',
      output: 'o',
      'no-pager': 'q',
      follow: 'f',
      boot: 'b',
      quiet: 'q',
      since: 'S',
      until: 'U',
      'no-hostname': 'q',
    },
  },
  async (process, args) => {
    const { journal, spec, bootId, clock } = process.system;
    const unit = args.value('u');
    const select = () =>
      journal
        .lines(unit === undefined ? undefined : unitName(unit))
        .filter((line) => !args.has('b') || line.bootId === bootId);
    const print = async (lines: ReturnType<typeof select>): Promise<void> => {
      for (const line of lines) {
        await process.print(`${args.value('o') === 'cat' ? line.message : journalText(line, spec.hostname)}\n`);
      }
    };
    const count = args.value('n');
    let lines = select();
    let last = lines.at(-1);
    await print(count === undefined || count === 'all' ? lines : lines.slice(-Number(count)));
    if (lines.length === 0 && !args.has('q')) await process.print('-- No entries --\n');
    while (args.has('f')) {
      await clock.sleep(FOLLOW_EVERY_MS, process.signal);
      lines = select();
      await print(last === undefined ? lines : lines.slice(lines.indexOf(last) + 1));
      last = lines.at(-1) ?? last;
    }
    return 0;
  },
);
