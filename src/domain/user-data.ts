/** Lambda's limit for user data, in bytes. */
export const USER_DATA_MAX_BYTES = 1_000_000;

/** What ours needs of it: the host key and the frame of a multipart are two kilobytes. */
export const OUR_USER_DATA_BYTES = 8_000;

/** How cloud-init tells what text is, by its beginning, and what a part of it is called in a MIME multipart. */
const FORMS: readonly (readonly [beginning: RegExp, contentType: string | undefined])[] = [
  [/^#!/, 'text/x-shellscript'],
  [/^#cloud-config-archive\s*$/m, 'text/cloud-config-archive'],
  [/^#cloud-config\s*$/m, 'text/cloud-config'],
  [/^#cloud-boothook\s*$/m, 'text/cloud-boothook'],
  [/^#include-once\s*$/m, 'text/x-include-once-url'],
  [/^#include\s*$/m, 'text/x-include-url'],
  [/^#part-handler\s*$/m, 'text/part-handler'],
  [/^## template: *jinja\s*$/m, 'text/jinja2'],
  // A MIME message brings its type along.
  [/^(content-type|mime-version): /i, undefined],
];

/** What decides about the machine's host key: ours alone. */
const OUR_KEYS = ['ssh_keys', 'ssh_deletekeys', 'ssh_genkeytypes'];

/** The type of user data as a part of a multipart; `message` for what is a MIME message itself; undefined for what cloud-init does not know. */
export function userDataType(text: string): string | undefined {
  const [first = ''] = text.split('\n', 1);
  const form = FORMS.find(([beginning]) => beginning.test(first));
  return form === undefined ? undefined : (form[1] ?? 'message');
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
  const size = utf8Bytes(text);
  if (size > most) problems.push(`must have at most ${most} bytes, and has ${size} (Lambda takes 1 MB, ours included)`);
  if (type === 'text/cloud-config') {
    for (const key of OUR_KEYS.filter((name) => new RegExp(`^["']?${name}["']?\\s*:`, 'm').test(text))) {
      problems.push(
        `must not set ${key}: the machine's SSH host key is chosen by us (hostKey: "trust-first" believes the one it has)`,
      );
    }
  }
  return problems;
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
