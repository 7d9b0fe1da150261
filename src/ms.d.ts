// @temporalio/common types its Duration with 'ms', whose typings are not found under nodenext resolution; Duration would then
// silently become `any`, and sleep('banana') would compile. See https://github.com/vercel/ms for the grammar.
declare module 'ms' {
  type Unit =
    | 'milliseconds'
    | 'millisecond'
    | 'msecs'
    | 'msec'
    | 'ms'
    | 'seconds'
    | 'second'
    | 'secs'
    | 'sec'
    | 's'
    | 'minutes'
    | 'minute'
    | 'mins'
    | 'min'
    | 'm'
    | 'hours'
    | 'hour'
    | 'hrs'
    | 'hr'
    | 'h'
    | 'days'
    | 'day'
    | 'd'
    | 'weeks'
    | 'week'
    | 'w';
  export type StringValue = `${number}` | `${number}${Unit}` | `${number} ${Unit}`;
}
