/** Lambda's limit for user data, in bytes. */
export const USER_DATA_MAX_BYTES = 1_000_000;

/** What ours needs of it: the host key and the frame of a multipart are two kilobytes. */
export const OUR_USER_DATA_BYTES = 8_000;

/** A base64 text is cut into lines of so many characters. */
export const BASE64_LINE = 76;

/** How cloud-init tells what text is, by its beginning in whatever case, and what a part of it is called in a MIME multipart. */
const FORMS: readonly (readonly [beginning: RegExp, contentType: string])[] = [
  [/^#!/, 'text/x-shellscript'],
  [/^#cloud-config-archive(?![\w-])/i, 'text/cloud-config-archive'],
  [/^#cloud-config-jsonp(?![\w-])/i, 'text/cloud-config-jsonp'],
  [/^#cloud-config(?![\w-])/i, 'text/cloud-config'],
  [/^#cloud-boothook(?![\w-])/i, 'text/cloud-boothook'],
  [/^#include-once(?![\w-])/i, 'text/x-include-once-url'],
  [/^#include(?![\w-])/i, 'text/x-include-url'],
  [/^#part-handler(?![\w-])/i, 'text/part-handler'],
  [/^## template: *jinja(?![\w-])/i, 'text/jinja2'],
  // A MIME message brings its type along.
  [/^(content-type|mime-version):/i, 'message'],
];

/** What decides about the machine's host key: ours alone. */
const OUR_KEYS = ['ssh_keys', 'ssh_deletekeys', 'ssh_genkeytypes'];

/** The type of user data as a part of a multipart; `message` for what is a MIME message itself; undefined for what cloud-init does not know. */
export function userDataType(text: string): string | undefined {
  const beginning = text.trimStart().slice(0, 80);
  return FORMS.find(([form]) => form.test(beginning))?.[1];
}

/**
 * How it is written as a part of a multipart. Python reads a part that is not plain ASCII as another encoding than UTF-8, and one with carriage
 * returns as other lines than it has.
 */
export function userDataEncoding(text: string): '7bit' | 'base64' {
  return /^[\t\n\x20-\x7e]*$/.test(text) ? '7bit' : 'base64';
}

/** Why text is no cloud-init user data that can be given to a machine together with ours; empty when it can. */
export function userDataProblems(text: string): string[] {
  if (text.trim() === '') return ['must not be empty'];
  const problems: string[] = [];
  const type = userDataType(text);
  if (type === undefined) {
    problems.push(
      'must begin as cloud-init user data does: #cloud-config, #!, #cloud-boothook, #include, #cloud-config-archive, #part-handler, ## template: jinja, or the headers of a MIME multipart',
    );
  }
  if (text.includes('\0')) problems.push('must be text, without NUL characters');
  const most = USER_DATA_MAX_BYTES - OUR_USER_DATA_BYTES;
  const size = sentBytes(text, type);
  if (size > most) {
    problems.push(`must have at most ${most} bytes as it is sent, and has ${size} (Lambda takes 1 MB, ours included)`);
  }
  if (type === 'text/cloud-config') {
    for (const key of keysOfOurs(text)) {
      problems.push(
        `must not set ${key}: the machine's SSH host key is chosen by us (hostKey: "trust-first" believes the one it has)`,
      );
    }
  }
  return problems;
}

/** Of a #cloud-config, in block or flow style, at its top level. Whatever is missed here comes to nothing: ours counts on the machine. */
function keysOfOurs(text: string): readonly string[] {
  const [first = ''] = text.split('\n').filter((line) => /^\s*[^\s#]/.test(line) && !line.startsWith('---'));
  const before = first.trimStart().startsWith('{') ? String.raw`[{,]\s*` : `^${/^\s*/.exec(first)?.[0] ?? ''}`;
  return OUR_KEYS.filter((key) => new RegExp(`${before}["']?${key}["']?\\s*:`, 'm').test(text));
}

function sentBytes(text: string, type: string | undefined): number {
  const bytes = utf8Bytes(text);
  if (type === 'message' || userDataEncoding(text) === '7bit') return bytes;
  const characters = 4 * Math.ceil(bytes / 3);
  return characters + Math.ceil(characters / BASE64_LINE);
}

/** Of its form in UTF-8, which is what is sent. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
