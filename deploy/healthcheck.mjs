// The image's HEALTHCHECK: whether the worker in this container answers on /healthz. With --ready: whether it is ready for work.
const address = (process.env.NAVARCH_HTTP_ADDRESS ?? '').trim() || '127.0.0.1:8080';
// What listens on every address is asked on this one.
const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
const asked = host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host;
const path = process.argv.includes('--ready') ? 'readyz' : 'healthz';
try {
  const answer = await fetch(`http://${asked}:${port}/${path}`, { signal: AbortSignal.timeout(4_000) });
  console.log(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(`no answer on ${address}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
