import { expect, test } from 'vitest';
import { BY_HAND, connectWhenUp, elapse, elapseUntil, run, testMachine } from './machine-support.ts';

test('a detached job returns at once, its log grows step by step, and its exit code is its own to write', async () => {
  const machine = testMachine({ factor: BY_HAND });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  const script = `set -euo pipefail
trap 'echo $? > exit' EXIT
for step in 1 2 3; do
  echo "step $step"
  sleep 10
done
echo "no more" >&2
exit 7
`;
  await run(client, 'mkdir -p job && cat > job/script', script);
  const started = await run(client, 'cd job; setsid nohup bash script >log 2>&1 </dev/null & echo $!');
  const pid = started.stdout.trim();
  expect(started).toMatchObject({ exitCode: 0, stderr: '' });

  const log = '/home/ubuntu/job/log';
  await elapse(machine, 5_000);
  expect(await machine.readFile(log)).toBe('step 1\n');
  await elapse(machine, 10_000);
  expect(await machine.readFile(log)).toBe('step 1\nstep 2\n');
  expect((await run(client, `kill -0 ${pid} && ps -o pid=,args= -p ${pid}`)).stdout).toContain('bash script');
  expect((await run(client, `tail -c +8 job/log; cat job/exit 2>&1`)).stdout).toContain('step 2\n');
  await elapseUntil(machine, async () => (await machine.readFile('/home/ubuntu/job/exit')) !== undefined);
  expect(await machine.readFile(log)).toBe('step 1\nstep 2\nstep 3\nno more\n');
  expect(await machine.readFile('/home/ubuntu/job/exit')).toBe('7\n');
  expect((await run(client, `kill -0 ${pid}`)).exitCode).toBe(1);
});

test("a program's output is there while it still runs, through pipes and functions too", async () => {
  const machine = testMachine({ factor: BY_HAND });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  const script = 'say() { echo "say $1"; sleep 5; }; { say a; say b; } | while read -r l; do echo "<$l>"; done';
  await run(client, `setsid nohup bash -c '${script}' >log 2>&1 </dev/null &`);
  await elapse(machine, 1_000);
  expect(await machine.readFile('/home/ubuntu/log')).toBe('<say a>\n');
  await elapse(machine, 5_000);
  expect(await machine.readFile('/home/ubuntu/log')).toBe('<say a>\n<say b>\n');
});

test('a killed job stops where it is; with SIGTERM it still runs its EXIT trap, with SIGKILL it does not', async () => {
  const machine = testMachine({ factor: BY_HAND });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  const start = (name: string): Promise<{ stdout: string }> =>
    run(
      client,
      `setsid bash -c 'trap "echo $? > ${name}" EXIT; sleep 1000; echo no' >/dev/null 2>&1 </dev/null & echo $!`,
    );
  const [gentle, hard] = [(await start('gentle')).stdout.trim(), (await start('hard')).stdout.trim()];
  await run(client, `kill ${gentle}; kill -9 ${hard}`);
  expect(await machine.readFile('/home/ubuntu/gentle')).toBeDefined();
  expect(await machine.readFile('/home/ubuntu/hard')).toBeUndefined();
  expect((await run(client, `ps -p ${gentle},${hard}`)).exitCode).toBe(1);
});

test('time on the machine is simulated time: sleep, date, timeout, uptime', async () => {
  const machine = testMachine({ factor: 10_000 });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  const ran = await run(
    client,
    'a=$(date +%s); sleep 3600; b=$(date +%s); echo $((b - a >= 3600)); timeout 1m sleep 1h; echo $?',
  );
  expect(ran.stdout).toBe('1\n124\n');
  expect(Number((await run(client, 'cut -d. -f1 /proc/uptime')).stdout)).toBeGreaterThan(3_600);
});

test('an endless loop does not stop the world, and ends with the power', async () => {
  const machine = testMachine();
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  const forever = run(client, 'while true; do :; done');
  expect((await run(client, 'echo still here')).stdout).toBe('still here\n');
  await machine.powerOff();
  expect((await forever).exitCode).toBeUndefined();
});

test('a lock is held by one, and free when its holder is gone', async () => {
  const machine = testMachine({ factor: BY_HAND });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  await run(client, 'setsid flock -n /tmp/lock sleep 60 >/dev/null 2>&1 </dev/null &');
  expect((await run(client, 'flock -n /tmp/lock echo mine')).exitCode).toBe(1);
  await elapse(machine, 61_000);
  expect((await run(client, 'flock -n /tmp/lock echo mine')).stdout).toBe('mine\n');
});
