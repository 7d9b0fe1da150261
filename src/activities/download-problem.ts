/**
 * Why a file cannot be downloaded, in one sentence; undefined: its first byte came. As machines ask for it, redirects followed; the rest of it
 * is not read.
 */
export async function downloadProblem(url: string, signal: AbortSignal): Promise<string | undefined> {
  const { href, shown, headers } = request(url);
  try {
    const response = await fetch(href, { headers: { ...headers, range: 'bytes=0-0' }, signal });
    await response.body?.cancel();
    return response.ok ? undefined : `${shown} answers ${response.status}`;
  } catch (error) {
    return `${shown} cannot be reached (${codeOf(error)})`;
  }
}

/** A URL may carry a user and password, as curl takes them: they go into a header, and into no message (P8). */
function request(text: string): { href: string; shown: string; headers: Record<string, string> } {
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const shown = `${url.origin}${url.pathname}`;
  if (username === '' && password === '') return { href: url.href, shown, headers: {} };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    href: url.href,
    shown,
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  };
}

/** The innermost system error's code; the texts around it may quote the URL. */
function codeOf(error: unknown): string {
  let code = error instanceof Error ? error.name : 'unknown error';
  for (let link = error; link instanceof Error; link = link.cause) {
    if ('code' in link && typeof link.code === 'string') code = link.code;
  }
  return code;
}
