import { formatDuration } from '../domain/durations.ts';
import type { Judgement, SweepReport, VerdictKind } from '../sdk/index.ts';
import { PersonNeededError } from './person-needed.ts';
import { table, usdPerHour } from './text.ts';

/** For the end of `sweep --help`, in the order in which an instance goes through them. */
const VERDICT_MEANING: Readonly<Record<VerdictKind, string>> = {
  owned: 'a running workflow lists it',
  suspected: 'nobody owns it, seen so for less than ten minutes: a later sweep ends it if that stays so',
  orphan: 'nobody owns it, seen so ten minutes ago already: a sweep ends it',
  ending: 'nobody owns it, and it is terminating',
  ended: 'terminated or preempted, by the word of Lambda',
  unknown: 'it cannot be judged, and is left alone until a person adopts, releases or ends it',
};

const VERDICTS = Object.keys(VERDICT_MEANING) as readonly VerdictKind[];

export function verdictHelp(): string {
  const rows = VERDICTS.map((verdict) => `  ${verdict.padEnd(9)}  ${VERDICT_MEANING[verdict]}`);
  return `\nVerdicts, on instances that carry our tags:\n${rows.join('\n')}\nOther instances are neither touched nor named.`;
}

/** What a sweep saw and did, for people: the instances, the owners in trouble, and one line in sum. */
export function sweepText(report: SweepReport): string {
  return [judgements(report), owners(report), deeds(report), `${summary(report)}\n`, brake(report)].join('');
}

function judgements(report: SweepReport): string {
  const { reported, at } = report;
  if (reported.length === 0) return '';
  const rows = reported.map((judgement) => row(judgement, Date.parse(at)));
  const left = expected(report) - reported.length;
  const more = left > 0 ? `… and ${left} more\n` : '';
  return table([['INSTANCE', 'VERDICT', 'NODE', 'STATUS', 'TYPE', 'PRICE', 'SINCE', 'REASON'], ...rows]) + more;
}

function row(judgement: Judgement, now: number): readonly string[] {
  const { instanceId, verdict, node, status, instanceType, pricePerHourUsd, ownerlessSince, reason } = judgement;
  return [
    instanceId,
    verdict,
    node ?? '-',
    status,
    instanceType,
    usdPerHour(pricePerHourUsd),
    ownerlessSince === undefined ? '-' : formatDuration(now - Date.parse(ownerlessSince)),
    reason,
  ];
}

/** How many there are to report; the report itself has a limit. */
function expected({ dryRun, counts }: SweepReport): number {
  return dryRun ? total(counts) : total(counts) - counts.owned - counts.ended;
}

function owners({ owners: found }: SweepReport): string {
  if (found.length === 0) return '';
  const rows = table(found.map(({ workflowId, problem }) => [workflowId, problem]));
  return `owners in trouble:\n${rows.replaceAll(/^(?=.)/gm, '  ')}`;
}

function deeds({ ended, proven }: SweepReport): string {
  return [
    ...ended.map(
      (instanceId) => `asked Lambda to end ${instanceId}; should it still be there, the next sweep asks again\n`,
    ),
    ...proven.map((instanceId) => `proven gone: ${instanceId}\n`),
  ].join('');
}

function summary({ dryRun, counts, ended, proven, unproven }: SweepReport): string {
  const verdicts = VERDICTS.flatMap((verdict) => (counts[verdict] === 0 ? [] : [`${counts[verdict]} ${verdict}`]));
  const parts = [
    `${counted(total(counts), 'instance')} of ours${verdicts.length === 0 ? '' : `: ${verdicts.join(', ')}`}`,
    dryRun ? 'nothing was ended' : `${ended.length} asked to end`,
    ...(proven.length === 0 ? [] : [`${proven.length} proven gone`]),
    ...(unproven === 0 ? [] : [`${unproven} not proven gone yet`]),
  ];
  return `${dryRun ? 'dry run: ' : ''}${parts.join('; ')}`;
}

function brake({ dryRun, stopped }: SweepReport): string {
  if (stopped === undefined) return '';
  return `${dryRun ? 'a sweep would end nothing' : 'stopped, and nothing was ended'}: ${stopped}\n`;
}

/** @throws PersonNeededError: it cannot judge an instance, an owner is in trouble, or the brake holds it */
export function requireNobody({ dryRun, stopped, counts, owners: found }: SweepReport): void {
  const reasons = [
    ...(stopped === undefined ? [] : [dryRun ? 'the brake would stop a sweep' : 'the brake stopped the sweep']),
    ...(counts.unknown === 0 ? [] : [`${counted(counts.unknown, 'instance')} cannot be judged`]),
    ...(found.length === 0 ? [] : [`${counted(found.length, 'owner')} in trouble`]),
  ];
  if (reasons.length > 0) throw new PersonNeededError(reasons, counts.unknown === 0 ? undefined : ABOUT_UNKNOWN);
}

const ABOUT_UNKNOWN =
  'What cannot be judged is yours to decide: navarch-provisioner adopt, release, or sweep --end, each with the instance id.';

function total(counts: SweepReport['counts']): number {
  return VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
