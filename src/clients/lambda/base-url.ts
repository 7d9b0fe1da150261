/** Lambda's production host. The older cloud.lambdalabs.com is deprecated and said to redirect, which we do not follow. */
export const LAMBDA_BASE_URL = 'https://cloud.lambda.ai';

/**
 * The URL that all paths are put behind: without trailing slash, with /api/v1 whether it was given or not.
 * Throws a TypeError that names the option.
 */
export function apiRoot(baseUrl: string): string {
  const hint = `give the API's address, such as ${LAMBDA_BASE_URL}`;
  if (!URL.canParse(baseUrl)) throw new TypeError(`LambdaClient: baseUrl is not a URL; ${hint}`);
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`LambdaClient: baseUrl must begin with https:// (or http://, for a local server); ${hint}`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(`LambdaClient: baseUrl must not carry credentials, a query or a fragment; ${hint}`);
  }
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
  return `${url.origin}${prefix}/api/v1`;
}
