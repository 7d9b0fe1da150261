import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { z } from 'zod';

/** What a machine's user data asks for, as far as it is simulated. */
export interface UserData {
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string | undefined } | undefined;
  /** The image's own host keys go. */
  readonly deletesKeys: boolean;
  /** A new key of its own is made, unless one was given. */
  readonly generatesEd25519: boolean;
  readonly files: readonly UserFile[];
  /** Shell commands, in order. */
  readonly commands: readonly string[];
  /** Whole scripts, run after the commands. */
  readonly scripts: readonly string[];
  /** Further keys that may log in. */
  readonly authorizedKeys: readonly string[];
  /** What could not be understood: in cloud-init's log. */
  readonly mistakes: readonly string[];
}

export interface UserFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly owner: string;
  readonly append: boolean;
}

const NOTHING: UserData = {
  hostKey: undefined,
  deletesKeys: true,
  generatesEd25519: true,
  files: [],
  commands: [],
  scripts: [],
  authorizedKeys: [],
  mistakes: [],
};

const cloudConfig = z.looseObject({
  ssh_keys: z.looseObject({ ed25519_private: z.string().optional(), ed25519_public: z.string().optional() }).nullish(),
  ssh_deletekeys: z.boolean().nullish(),
  ssh_genkeytypes: z.array(z.string()).nullish(),
  ssh_authorized_keys: z.array(z.string()).nullish(),
  write_files: z
    .array(
      z.looseObject({
        path: z.string(),
        content: z.string().nullish(),
        encoding: z.string().nullish(),
        permissions: z.union([z.string(), z.number()]).nullish(),
        owner: z.string().nullish(),
        append: z.boolean().nullish(),
      }),
    )
    .nullish(),
  bootcmd: z.array(z.union([z.string(), z.array(z.coerce.string())])).nullish(),
  runcmd: z.array(z.union([z.string(), z.array(z.coerce.string())])).nullish(),
});

/** Reads user data in any of the forms cloud-init takes: `#cloud-config`, a script, or both in a MIME multipart. */
export function parseUserData(text: string | undefined): UserData {
  if (text === undefined || text.trim() === '') return NOTHING;
  if (/^(content-type|mime-version):/i.test(text)) return readMessage(NOTHING, text);
  return readPart(NOTHING, text, undefined);
}

function readPart(data: UserData, body: string, type: string | undefined): UserData {
  if (type === 'text/cloud-config' || body.startsWith('#cloud-config')) return withConfig(data, body);
  // A boothook is a script that runs earlier, and at each boot: here it runs in its turn.
  const script = type === 'text/cloud-boothook' ? body.replace(/^#cloud-boothook.*\n/, '') : body;
  if (script !== body) return { ...data, scripts: [...data.scripts, script] };
  if (type === 'text/x-shellscript' || body.startsWith('#!')) return { ...data, scripts: [...data.scripts, body] };
  return { ...data, mistakes: [...data.mistakes, `Unhandled non-multipart userdata: '${body.slice(0, 24)}...'`] };
}

function withConfig(data: UserData, text: string): UserData {
  let parsed: ReturnType<typeof cloudConfig.safeParse>;
  try {
    parsed = cloudConfig.safeParse(parse(text) ?? {});
  } catch (error) {
    return { ...data, mistakes: [...data.mistakes, `Failed loading yaml blob: ${String(error)}`] };
  }
  if (!parsed.success) {
    return { ...data, mistakes: [...data.mistakes, `Invalid cloud-config: ${z.prettifyError(parsed.error)}`] };
  }
  const config = parsed.data;
  const privateKey = config.ssh_keys?.ed25519_private;
  const types = config.ssh_genkeytypes;
  return {
    ...data,
    hostKey:
      privateKey === undefined ? data.hostKey : { privateKey, publicKey: config.ssh_keys?.ed25519_public ?? undefined },
    deletesKeys: config.ssh_deletekeys ?? data.deletesKeys,
    generatesEd25519: types === null || types === undefined ? data.generatesEd25519 : types.includes('ed25519'),
    files: [...data.files, ...(config.write_files ?? []).map(userFile)],
    commands: [...data.commands, ...(config.bootcmd ?? []).map(commandText), ...(config.runcmd ?? []).map(commandText)],
    authorizedKeys: [...data.authorizedKeys, ...(config.ssh_authorized_keys ?? [])],
  };
}

type WriteFile = NonNullable<z.infer<typeof cloudConfig>['write_files']>[number];

function userFile(file: WriteFile): UserFile {
  const encoding = file.encoding ?? 'text/plain';
  const raw = Buffer.from(file.content ?? '', /b64|base64/.test(encoding) ? 'base64' : 'utf8');
  const { permissions } = file;
  return {
    path: file.path,
    content: /gz/.test(encoding) ? gunzipSync(raw) : raw,
    // YAML reads 0644 without quotes as a number already in base ten (1.2) or eight (1.1).
    mode: permissions === undefined || permissions === null ? 0o644 : Number.parseInt(String(permissions), 8),
    owner: file.owner ?? 'root:root',
    append: file.append ?? false,
  };
}

function commandText(command: string | readonly string[]): string {
  if (typeof command === 'string') return command;
  return command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}

/** A MIME message: one part, or a multipart, whose parts may be multiparts again; transfer encodings 7bit, 8bit and base64. */
function readMessage(data: UserData, text: string): UserData {
  const [head, rest] = splitHead(text);
  const boundary = /^multipart\//.test(typeOf(head) ?? '') ? /boundary="?([^";\r\n]+)"?/i.exec(head)?.[1] : undefined;
  if (boundary === undefined) return readPart(data, decode(head, rest), typeOf(head));
  let read = data;
  for (const part of rest.split(`--${boundary}`).slice(1)) {
    if (part.startsWith('--')) break;
    // The line break before a boundary is the boundary's.
    read = readMessage(read, part.replace(/^\r?\n/, '').replace(/\r?\n$/, ''));
  }
  return read;
}

function splitHead(text: string): [head: string, body: string] {
  const at = /\r?\n\r?\n/.exec(text);
  return at === null ? [text, ''] : [text.slice(0, at.index), text.slice(at.index + at[0].length)];
}

function typeOf(head: string): string | undefined {
  return /content-type:\s*([\w./+-]+)/i.exec(head)?.[1]?.toLowerCase();
}

function decode(head: string, body: string): string {
  return /content-transfer-encoding:\s*base64/i.test(head)
    ? Buffer.from(body, 'base64').toString('utf8')
    : body.replace(/\r\n/g, '\n');
}
