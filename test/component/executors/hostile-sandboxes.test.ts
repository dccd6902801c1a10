/**
 * Programs that attack the sandbox itself, beyond `hostile-processes.test.ts`: each was tried by hand as
 * a stranger would, and what it found is closed. Numbers are those of the design's acceptance list.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readFileSync } from 'node:fs'
import {
  MIB,
  NO_GROUPS,
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
import { HIDDEN_MEMORY_CALLS } from '../../../src/executors/process/system-calls.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { Clock } from '../../../src/core/clock.ts'

const isSkipped = (await processProblem()) !== undefined
const architecture = process.arch === 'arm64' ? 'arm64' : 'x64'

const executor = createProcessExecutor()
const watched = createProcessExecutor({ cgroups: NO_GROUPS })
const onDisk = createProcessExecutor({ hasDiskImages: false })
beforeAll(async () => {
  if (!isSkipped) await Promise.all([executor, watched, onDisk].map((engine) => engine.start()))
})
afterAll(async () => {
  await Promise.all([executor, watched, onDisk].map((engine) => engine.stop()))
})

/** How long what a task writes is gathered; on this clock it is heard when the task is over, and not before. */
const GATHER_MS = 20
const lateClock: Clock = {
  ...systemClock,
  after: (ms, work) => (ms === GATHER_MS ? () => {} : systemClock.after(ms, work))
}

async function stdoutOf(...lines: string[]): Promise<string | undefined> {
  return resultOf(await runProgram(executor, { ...script(...lines), stdin: 'in' })).stdout
}

describe.skipIf(isSkipped)('hostile 12, 13: what all tasks of a user share', () => {
  it('watches of files are not to be had, so that none takes them from others', async () => {
    const text = 'echo a >x; timeout -s KILL 5 tail -f x | head -n 1'
    const outcome = await runProgram(executor, script(text))
    expect(resultOf(outcome).stdout).toBe('a\n')
    expect(textOf(outcome.log)).toContain('inotify')
  })
  it('signals that wait are bounded, so that none takes them from others', async () => {
    const line = await stdoutOf('grep "pending signals" /proc/self/limits')
    expect(line).toMatch(/pending signals\s+256\s+256\s/)
  })
  it('no priority over others can be had', async () => {
    const tries = [
      'renice -n -5 $$',
      'chrt -f 1 true',
      'ionice -c 1 true',
      'echo -500 >/proc/self/oom_score_adj'
    ]
    expect(
      await stdoutOf(...tries.map((text) => `(${text}) >/dev/null 2>&1 && echo "${text}"`), 'true')
    ).toBe('')
  })
  it('memory of no process is not to be had where only processes are watched', async () => {
    const numbers = Object.values(HIDDEN_MEMORY_CALLS).map((call) => call[architecture] ?? -1)
    const code =
      'for (@ARGV) { print "$_ " if syscall($_ + 0, my $x = "x", 0, 0) != -1 || $!{ENOSYS} == 0 }'
    const task = { argv: ['perl', '-MErrno', '-e', code, ...numbers.map(String)] }
    expect(resultOf(await runProgram(watched, task)).stdout).toBe('')
  })
  it('file after file without a byte fills the folder as well', async () => {
    const task = script('seq 1 2000000 | xargs touch')
    for (const engine of [executor, watched]) {
      const { error } = await runProgram(engine, task, {
        memoryBytesMax: 32 * MIB,
        timeoutMs: 60_000
      })
      expect(error?.message).toMatch(/memory|No space left|disk/)
    }
  })
})

describe.skipIf(isSkipped)('hostile 16: descriptors and processes beside it', () => {
  it('its streams lead nowhere: no name of the owner, no folder, no other file', async () => {
    const links = await stdoutOf('readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2')
    expect(links).toMatch(/^\/\.stdin[^\n]*\n(\/[\w/-]*taskmesh-[0-9a-f]{12}-streams-[^\n]*\n){2}$/)
    const tries = [0, 1, 2].flatMap((fd) => [
      `ls /proc/self/fd/${fd}/..`,
      `ln -L /proc/self/fd/${fd} /work/x${fd}`,
      `cat /proc/1/fd/${fd}/../key`
    ])
    expect(
      await stdoutOf(...tries.map((text) => `(${text}) 2>/dev/null && echo "${text}"`), 'true')
    ).toBe('')
  })
  it('what it reads cannot become what it writes', async () => {
    const tries = [
      'chmod 666 /.stdin',
      'echo x >/.stdin',
      'echo x >>/proc/self/fd/0',
      'truncate -s 1G /.stdin',
      'rm -f /.stdin'
    ]
    expect(
      await stdoutOf(...tries.map((text) => `(${text}) 2>/dev/null && echo "${text}"`), 'cat')
    ).toBe('in')
  })
  it('a stream whose mode it changed is not the next one’s', async () => {
    await runProgram(executor, script('chmod 000 /proc/self/fd/1 /proc/self/fd/2'))
    expect(await stdoutOf('echo fine >/dev/stdout')).toBe('fine\n')
  })
  it('the sandbox’s own first process is held like the task', async () => {
    const fields = '^(CapEff|CapBnd|NoNewPrivs|Seccomp):'
    expect(await stdoutOf(`grep -E "${fields}" /proc/1/status`)).toBe(
      'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n'
    )
  })
  it('a signal to all reaches no further than itself', async () => {
    const beside = runProgram(executor, script('sleep 0.5; echo alive'))
    await runProgram(executor, script('kill -KILL 1; kill -KILL -- -1; sleep 1'))
    expect(resultOf(await beside).stdout).toBe('alive\n')
  })
  it('one that is over is not signalled: its numbers may be others’ by then', async () => {
    const late = createProcessExecutor({}, lateClock)
    await late.start()
    const kill = new AbortController()
    const signals = vi.spyOn(process, 'kill')
    const onLog = (): void => {
      signals.mockClear()
      kill.abort()
    }
    const outcome = await runProgram(late, script('echo last >&2'), {
      killSignal: kill.signal,
      onLog
    })
    expect(outcome.error?.code).toBe('TASK_STOPPED')
    expect(signals).not.toHaveBeenCalled()
    signals.mockRestore()
    await late.stop()
  })
  it('another task’s folder is not in its world', async () => {
    const stop = new AbortController()
    let other: Promise<unknown> = Promise.resolve()
    const found = await new Promise<string | undefined>((resolve) => {
      other = runProgram(onDisk, script('echo secret >mine-31536016; echo up >&2; sleep 60'), {
        diskBytesMax: 256 * MIB,
        killSignal: stop.signal,
        onLog: () => {
          const search =
            'find / -name mine-31536016 2>/dev/null; cat /proc/[0-9]*/root/work/mine* 2>/dev/null; true'
          void runProgram(onDisk, script(search), { diskBytesMax: 256 * MIB }).then((outcome) =>
            resolve(resultOf(outcome).stdout)
          )
        }
      })
    })
    stop.abort()
    await other
    expect(found).toBe('')
  })
})

describe.skipIf(isSkipped)('hostile 18: ways around the kernel’s limits', () => {
  it('a crash starts no helper of the machine', async () => {
    const line = await stdoutOf('grep "core file" /proc/self/limits')
    expect(line).toMatch(/core file size\s+1\s+1\s/)
  })
  it('nothing of the task runs before it is held', async () => {
    const env = { TAR_OPTIONS: "--to-command='touch /work/mine #'" }
    const files = [{ path: 'in', text: 'mine' }]
    const outcome = await runProgram(executor, { ...script('ls -A'), env, files })
    expect(resultOf(outcome).stdout).toBe('in\n')
  })
  it('a fast crash leaves no file either', async () => {
    expect(await stdoutOf('sh -c "kill -SEGV \\$\\$" 2>/dev/null; ls -A')).toBe('')
  })
  it('no file system, flag or attribute of its folder is its own to rule', async () => {
    const tries = [
      'chattr +i .',
      'fsfreeze -f .',
      'setcap cap_net_raw+ep x',
      'setfattr -n trusted.x -v 1 x',
      'mount -o remount,exec,suid .'
    ]
    const lines = [
      'cp /bin/true x',
      ...tries.map((text) => `(${text}) >/dev/null 2>&1 && echo "${text}"`),
      'true'
    ]
    const outcome = await runProgram(executor, script(...lines), { diskBytesMax: 300 * MIB })
    expect(resultOf(outcome).stdout).toBe('')
  })
  it('what it mounted for a task is nowhere on the machine', async () => {
    const before = readFileSync('/proc/self/mounts', 'utf8')
    let during = ''
    await runProgram(executor, script('echo up >&2; sleep 0.2'), {
      diskBytesMax: 300 * MIB,
      onLog: () => (during = readFileSync('/proc/self/mounts', 'utf8'))
    })
    expect(during.split('\n').filter((line) => line.includes('/dev/loop'))).toEqual(
      before.split('\n').filter((line) => line.includes('/dev/loop'))
    )
  })
})

describe.skipIf(isSkipped)('hostile 19: a folder that no watch can look into', () => {
  it('ends the task: too deep for a path', async () => {
    const text = `i=0; while [ $i -lt 500 ]; do mkdir ddddddddd && cd -P ddddddddd; i=$((i+1)); done`
    const task = script(text, 'sleep 600')
    const outcome = await runProgram(onDisk, task, { diskBytesMax: 300 * MIB })
    expect(outcome.error?.code).toBe('TASK_OUT_OF_DISK')
    expect(outcome.error?.message).toContain('too deep')
  })
})
