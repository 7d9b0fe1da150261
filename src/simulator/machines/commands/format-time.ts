const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const MS_PER_DAY = 86_400_000;

/** A time in the form that `date +…` and `printf '%(…)T'` are asked for. The machines' zone is UTC. */
export function formatTime(format: string, timeMs: number): string {
  const date = new Date(timeMs);
  return format.replace(/%([-_0^:]*)(N|\d*N|[a-zA-Z%])/g, (whole, flag: string, letter: string) => {
    const text = directive(letter, date, timeMs);
    if (text === undefined) return whole;
    return flag.includes('-') ? text.replace(/^[0 ]+(?=.)/, '') : text;
  });
}

function directive(letter: string, date: Date, timeMs: number): string | undefined {
  const two = (value: number): string => String(value).padStart(2, '0');
  const iso = date.toISOString();
  const hour = date.getUTCHours();
  if (letter.endsWith('N')) {
    const digits = letter === 'N' ? 9 : Number(letter.slice(0, -1));
    const nanoseconds = Math.floor((((timeMs % 1000) + 1000) % 1000) * 1e6);
    return String(nanoseconds).padStart(9, '0').slice(0, digits);
  }
  switch (letter) {
    case 'a':
      return DAYS[date.getUTCDay()]?.slice(0, 3);
    case 'A':
      return DAYS[date.getUTCDay()];
    case 'b':
    case 'h':
      return MONTHS[date.getUTCMonth()]?.slice(0, 3);
    case 'B':
      return MONTHS[date.getUTCMonth()];
    case 'c':
      return formatTime('%a %b %e %H:%M:%S %Y', timeMs);
    case 'd':
      return two(date.getUTCDate());
    case 'D':
      return formatTime('%m/%d/%y', timeMs);
    case 'e':
      return String(date.getUTCDate()).padStart(2, ' ');
    case 'F':
      return iso.slice(0, 10);
    case 'H':
      return two(hour);
    case 'I':
      return two(hour % 12 === 0 ? 12 : hour % 12);
    case 'j':
      return String(Math.floor((timeMs - Date.UTC(date.getUTCFullYear(), 0, 1)) / MS_PER_DAY) + 1).padStart(3, '0');
    case 'm':
      return two(date.getUTCMonth() + 1);
    case 'M':
      return two(date.getUTCMinutes());
    case 'n':
      return '\n';
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'R':
      return iso.slice(11, 16);
    case 's':
      return String(Math.floor(timeMs / 1000));
    case 'S':
      return two(date.getUTCSeconds());
    case 't':
      return '\t';
    case 'T':
      return iso.slice(11, 19);
    case 'u':
      return String(date.getUTCDay() === 0 ? 7 : date.getUTCDay());
    case 'w':
      return String(date.getUTCDay());
    case 'y':
      return iso.slice(2, 4);
    case 'Y':
      return iso.slice(0, 4);
    case 'z':
      return '+0000';
    case 'Z':
      return 'UTC';
    case '%':
      return '%';
    default:
      return undefined;
  }
}
