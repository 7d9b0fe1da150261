/** Heartbeats that a worker sent to the server, by the SDK's own count: those that it held back are not billed. */
export async function heartbeatsSent(metricsAddress: string): Promise<number> {
  const text = await (await fetch(`http://${metricsAddress}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^temporal_request(_total)?\{/.test(line) && line.includes('"RecordActivityTaskHeartbeat"'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
