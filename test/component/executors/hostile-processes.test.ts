/**
 * Programs that mean harm, from the acceptance list of the design (items 12 to 24): each must end as it
 * should, reach nothing outside, and leave nothing behind. Most are shell and perl, which every Debian has.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from 'node:net'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { REFUSED_CALLS } from '../../../src/executors/process/system-calls.ts'
import {
  MIB,
  NO_GROUPS,
  createFolder,
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
import { sleep } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { AddressInfo, Server } from 'node:net'
import type {
  ProcessExecutor,
  ProcessExecutorInit
} from '../../../src/executors/process/process-executor.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

const problem = await processProblem()
const isSkipped = problem !== undefined
const OWNER = fileURLToPath(new URL('fixtures/process-owner.ts', import.meta.url))

const executor = createProcessExecutor()
const watched = createProcessExecutor({ cgroups: NO_GROUPS })

beforeAll(async () => {
  if (isSkipped) return
  await executor.start()
  await watched.start()
})
afterAll(async () => {
  await executor.stop()
  await watched.stop()
})

afterEach(expectClean)

/** Nothing that a task did may show in the next one, and it gets its turn. */
async function expectClean(): Promise<void> {
  if (isSkipped) return
  const clean = await runProgram(executor, script('ls -A /work /tmp /dev/shm; echo fine'))
  expect(resultOf(clean).stdout).toBe('/dev/shm:\n\n/tmp:\n\n/work:\nfine\n')
}

/** Processes of the whole machine with such a word among their arguments. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      // It ended while we looked.
      return false
    }
  })
}

/** A file system that is full is a bound as well, and the program says so. */
const BOUNDED =
  /^(TASK_OUT_OF_MEMORY: .*|TASK_FAILED: [^]*No space left on device|TASK_OUT_OF_DISK: .*64MiB of disk[^]*)$/

async function endOf(engine: ProcessExecutor, text: string): Promise<string> {
  const { error, usage } = await runProgram(engine, script(text), { timeoutMs: 10_000 })
  const isBounded = (usage.peakMemoryBytes ?? 0) < 300 * MIB
  return `${error?.code}: ${error?.message}${isBounded ? '' : ' but took far too much'}`
}

/** Groups and folders of any node. */
function leftovers(): string[] {
  const groups = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([, names = '', path = '']) => namesIn(join('/sys/fs/cgroup', names, path)))
  const names = [...groups, ...namesIn(tmpdir())]
  return names.filter((name) => /^taskmesh-[0-9a-f]{12}-/.test(name)).toSorted()
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // There is no such folder here.
    return []
  }
}

async function whenNone(word: string): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 500
  while (processesWith(word).length > 0 && systemClock.monotonicMs() < deadlineMs) {
    await sleep(systemClock, 10)
  }
}

function startOwner(
  init: object,
  task: { argv: readonly string[]; terms?: object },
  launcher: readonly string[] = []
): ChildProcessByStdio<null, Readable, null> {
  const text = JSON.stringify({ init: { folder: tmpdir(), programs: [], ...init }, ...task })
  const command: readonly string[] = [...launcher, process.execPath, OWNER, text]
  return spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function linesOf(owner: ChildProcessByStdio<null, Readable, null>): Promise<string[]> {
  let text = ''
  owner.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
  await once(owner, 'close')
  return text.split('\n')
}

describe.skipIf(isSkipped)('hostile 12: many processes', () => {
  it('a fork bomb stops at its bound, and others still run', async () => {
    const bomb = runProgram(
      executor,
      script('i=0; while [ $i -lt 500 ]; do sleep 3 & i=$((i+1)); done; echo all'),
      { timeoutMs: 4_000 }
    )
    const beside = await runProgram(executor, { argv: ['echo', 'beside'] })
    expect(resultOf(beside).stdout).toBe('beside\n')
    const outcome = await bomb
    expect(outcome.output ?? '').not.toContain('all')
    expect(textOf(outcome.log)).toMatch(/fork/i)
  })
})

describe.skipIf(isSkipped)('hostile 13: memory', () => {
  const fill = 'head -c 300000000 /dev/zero'
  const cases: [string, string][] = [
    ['one process', `${fill} | tail`],
    [
      'six of them',
      'for i in 1 2 3 4 5 6; do (head -c 25000000 /dev/zero; sleep 3) | tail >/dev/null & done; wait'
    ],
    ['/dev/shm', `${fill} >/dev/shm/x`],
    ['/tmp', `${fill} >/tmp/x`],
    ['its folder', `${fill} >x`],
    ['both', `head -c 50000000 /dev/zero >/tmp/x && head -c 50000000 /dev/zero >x && sleep 1`]
  ]
  it.each(cases)('%s, held by the kernel', async (_, text) => {
    expect(await endOf(executor, text)).toMatch(BOUNDED)
  })
  it.each(cases)('%s, held by a watch', async (_, text) => {
    expect(await endOf(watched, text)).toMatch(BOUNDED)
  })
})

describe.skipIf(isSkipped)('hostile 14: hiding from the end', () => {
  const word = '31536014'
  const hide = [
    "trap '' TERM HUP INT",
    `setsid sleep ${word} &`,
    `(setsid sh -c "trap '' TERM; sleep ${word}" &) &`,
    `sleep ${word} & kill -STOP $!`,
    'nohup sh -c "while :; do sleep 1; done" >/dev/null 2>&1 &'
  ]
  it('nothing is left after the time limit', async () => {
    const outcome = await runProgram(executor, script(...hide, `sleep ${word}`), {
      timeoutMs: 500
    })
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(outcome.usage.wallMs).toBeLessThan(1_500)
    expect(processesWith(word)).toEqual([])
  })
  it.each([
    ['with groups', {}],
    ['without groups', { cgroups: NO_GROUPS }]
  ])('nothing is left without a sandbox, %s', async (_, init) => {
    const bare = createProcessExecutor({ isUnsafe: true, ...init })
    await bare.start()
    const outcome = await runProgram(bare, script(...hide, 'pwd'))
    await bare.stop()
    expect(processesWith(word)).toEqual([])
    expect(existsSync(resultOf(outcome).stdout?.trim() ?? '')).toBe(false)
  })
  it('nothing is left when the program ends before what it started', async () => {
    const outcome = await runProgram(executor, script(...hide, 'echo over'))
    expect(resultOf(outcome).stdout).toBe('over\n')
    expect(processesWith(word)).toEqual([])
  })
  it('one that ignores the request to stop is ended when its time is up', async () => {
    const [stop, kill] = [new AbortController(), new AbortController()]
    const ignore = "trap 'echo no >&2' TERM; while :; do sleep 0.1; done"
    const outcome = await runProgram(executor, script(...hide, 'echo up >&2', ignore), {
      signal: stop.signal,
      killSignal: kill.signal,
      onLog: ({ text }) => (text.includes('no') ? kill : stop).abort()
    })
    expect(outcome.error?.code).toBe('TASK_STOPPED')
    expect(textOf(outcome.log)).toContain('no')
    expect(processesWith(word)).toEqual([])
  })
  it('one that heeds it may write what it has', async () => {
    const controller = new AbortController()
    const outcome = await runProgram(
      executor,
      script("trap 'echo saved >&2; exit 0' TERM", 'echo up >&2', 'while :; do sleep 0.1; done'),
      { signal: controller.signal, onLog: () => controller.abort() }
    )
    expect(outcome.error?.code).toBe('TASK_STOPPED')
    expect(textOf(outcome.log)).toContain('saved')
  })
})

describe.skipIf(isSkipped)('hostile 15: the worker is killed', () => {
  it.each<[string, { isUnsafe: boolean; diskBytesMax?: number } & Partial<ProcessExecutorInit>]>([
    ['held', { isUnsafe: false }],
    ['on a file system of its own', { isUnsafe: false, diskBytesMax: 256 * MIB }],
    ['in a folder', { isUnsafe: false, diskBytesMax: 256 * MIB, hasDiskImages: false }],
    ['unsafe', { isUnsafe: true }],
    ['unsafe, without groups', { isUnsafe: true, cgroups: NO_GROUPS }]
  ])('nothing is left, and the next start cleans up (%s)', async (_, { diskBytesMax, ...more }) => {
    const { isUnsafe } = more
    const word = '31536015'
    const folder = createFolder()
    const init = { folder, isAnyAllowed: true, ...more }
    const before = leftovers()
    const task = {
      argv: ['sh', '-c', `echo >x; echo up >&2; sleep ${word}`],
      terms: { diskBytesMax }
    }
    const owner = startOwner(init, task)
    for await (const text of owner.stdout) if (String(text).includes('up\\n')) break
    expect(processesWith(word)).not.toEqual([])
    owner.kill('SIGKILL')
    await once(owner, 'close')
    // What nothing holds ends with the next start; what is held ends by itself.
    if (!isUnsafe) await whenNone(word)
    expect(processesWith(word).length > 0).toBe(isUnsafe)
    const next = createProcessExecutor(init)
    await next.start()
    await next.stop()
    expect(leftovers()).toEqual(before)
    expect(namesIn(join(folder, 'process-folders'))).toEqual([])
    expect(processesWith(word)).toEqual([])
  })
})

describe.skipIf(isSkipped)('hostile 16: secrets', () => {
  it('sees neither keys nor homes nor the worker', async () => {
    const secret = 'a-secret-of-the-worker'
    const folder = createFolder()
    const key = join(folder, 'key')
    writeFileSync(key, secret)
    process.env['TASKMESH_TEST_SECRET'] = secret
    const outcome = await runProgram(
      executor,
      script(
        'exec 2>&1; env',
        `cat ${key} ~/.ssh/* /root/.ssh/* /etc/shadow /proc/1/environ /proc/*/environ /proc/*/cmdline`,
        'ls /root /home /var /run /srv /opt; ls -l /proc/self/fd /proc/1/fd; true'
      )
    )
    const { stdout = '', stdout_base64: base64 = '' } = resultOf(outcome)
    const text = stdout + Buffer.from(base64, 'base64').toString('latin1')
    expect(text).toContain('HOME=/work')
    expect(text).not.toContain(secret)
    expect(text).not.toContain('root:')
    expect(text.match(/(?:No such file|cannot access|cannot open)/g)?.length).toBeGreaterThan(6)
    delete process.env['TASKMESH_TEST_SECRET']
  })

  it('does not get what the worker was born with', async () => {
    const owner = startOwner({ isAnyAllowed: true }, { argv: ['sh', '-c', 'ls /proc/self/fd'] }, [
      'bash',
      '-c',
      'exec 200</etc/hostname; exec "$@"',
      'bash'
    ])
    const lines = await linesOf(owner)
    expect(lines[0]).toContain('"process"')
    expect(lines[1]).toContain(String.raw`"stdout\":\"0\\n1\\n2\\n3\\n\"`)
  })
})

describe.skipIf(isSkipped)('hostile 17: the network', () => {
  let servers: { port: number; all: Server[] }
  const name = `taskmesh-${process.pid}`
  beforeAll(async () => {
    const tcp = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    const abstract = createServer((socket) => socket.end('hello')).listen(`\0${name}`)
    await Promise.all([once(tcp, 'listening'), once(abstract, 'listening')])
    servers = { port: (tcp.address() as AddressInfo).port, all: [tcp, abstract] }
  })
  afterAll(() => servers?.all.forEach((server) => server.close()))

  it.each([
    ['the world', () => 'socket(S,2,1,0) && connect(S,pack_sockaddr_in(80,inet_aton("1.1.1.1")))'],
    [
      'the worker',
      () => `socket(S,2,1,0) && connect(S,pack_sockaddr_in(${servers.port},inet_aton("127.0.0.1")))`
    ],
    [
      'the cloud',
      () => 'socket(S,2,1,0) && connect(S,pack_sockaddr_in(80,inet_aton("169.254.169.254")))'
    ],
    ['an abstract socket', () => `socket(S,1,1,0) && connect(S,pack("S a*",1,"\\0${name}"))`],
    ['raw packets', () => 'socket(S,17,3,0)'],
    ['the kernel', () => 'socket(S,16,3,0)'],
    ['the host below', () => 'socket(S,40,1,0)']
  ])('%s cannot be reached', async (_, attempt) => {
    const argv = ['perl', '-MSocket', '-e', `print((${attempt()}) ? "reached" : "refused: $!")`]
    expect(resultOf(await runProgram(executor, { argv })).stdout).toMatch(/^refused: /)
  })

  it('a program of its own can talk to itself', async () => {
    const argv = ['perl', '-MSocket', '-e', 'print socketpair(A,B,1,1,0) ? "yes" : "no: $!"']
    expect(resultOf(await runProgram(executor, { argv })).stdout).toBe('yes')
  })
})

describe.skipIf(isSkipped)('hostile 18: the system', () => {
  it('cannot be written', async () => {
    const paths = ['/usr/x', '/etc/x', '/x', '/dev/x', '/proc/sys/kernel/core_pattern', '/sys/x']
    const attempts = paths.map((path) => `(echo x >${path}) 2>/dev/null && echo ${path}`)
    expect(resultOf(await runProgram(executor, script(...attempts, 'true'))).stdout).toBe('')
  })

  it('refuses each call on the list', async () => {
    const architecture = process.arch === 'arm64' ? 'arm64' : 'x64'
    const numbers = Object.entries(REFUSED_CALLS).flatMap(([name, { [architecture]: number }]) =>
      number === undefined ? [] : [`${name} ${number}`]
    )
    const code =
      'while (<>) { ($n,$c)=split; $r=syscall($c,0,0,0,0); print "$n $r $!\\n" if $r!=-1||$!!=1 }'
    const outcome = await runProgram(executor, {
      argv: ['perl', '-e', code],
      stdin: numbers.join('\n')
    })
    expect(resultOf(outcome).stdout).toBe('')
  })

  it('gives no namespace, no device and no terminal', async () => {
    const outcome = await runProgram(
      executor,
      script(
        'unshare -U true 2>/dev/null && echo user',
        'mknod n c 1 3 2>/dev/null && echo device',
        'cat /dev/tty 2>/dev/null && echo terminal',
        'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status'
      )
    )
    expect(resultOf(outcome).stdout).toBe(
      'CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n'
    )
  })
})

describe.skipIf(isSkipped)('hostile 19: outputs', () => {
  it('returns plain files only, and does not hang', async () => {
    const outcome = await runProgram(executor, {
      ...script(
        'mkdir -p out/deep; cd out; echo good >deep/good; echo bin >tool; chmod 4755 tool',
        'ln -s /etc/passwd link; ln -s / root; mkfifo fifo; ln deep/good hard',
        'touch \'bad\nname\'; perl -e \'open F, ">\\xff"; use Socket; socket(S,1,1,0); bind(S,pack_sockaddr_un("sock"))\'',
        'echo alone >alone'
      ),
      outputs: ['out']
    })
    const { files = [], skipped = [] } = resultOf(outcome)
    expect(files.map(({ path, text }) => [path, text])).toEqual([
      ['out/alone', 'alone\n'],
      ['out/tool', 'bin\n']
    ])
    const reasons = Object.fromEntries(skipped.map(({ path, reason }) => [path, reason]))
    expect(reasons).toEqual({
      'out/link': 'link',
      'out/root': 'link',
      'out/fifo': 'special file',
      'out/sock': 'special file',
      'out/hard': 'hard link',
      'out/deep/good': 'hard link',
      'out/bad?name': 'name',
      'out/?': 'name'
    })
  })

  it('does not follow a link on the way to a named file', async () => {
    const task = { ...script('ln -s /etc out'), outputs: ['out/passwd'] }
    expect(resultOf(await runProgram(executor, task))).toMatchObject({
      files: [],
      skipped: [{ path: 'out/passwd', reason: 'link' }]
    })
  })

  it('refuses a file that is all hole, before it is read', async () => {
    const task = { ...script('truncate -s 60000000 out'), outputs: ['out'] }
    const outcome = await runProgram(executor, task)
    expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
  })

  it('bounds how many it looks at', async () => {
    const task = { ...script('mkdir out; cd out; seq 1 5000 | xargs touch'), outputs: ['out'] }
    const outcome = await runProgram(executor, task)
    expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
  })

  it('says when a named file was not written', async () => {
    const outcome = await runProgram(executor, { argv: ['true'], outputs: ['out'] })
    expect(outcome.error?.code).toBe('TASK_FAILED')
    expect(outcome.error?.message).toContain('"out"')
  })
})

describe.skipIf(isSkipped)('hostile 20: streams', () => {
  it('a program that only writes is ended', async () => {
    const outcome = await runProgram(executor, { argv: ['yes'] })
    expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
  })
  it('a program need not read', async () => {
    const stdin = 'x'.repeat(1_000_000)
    const outcome = await runProgram(executor, { argv: ['true'], stdin })
    expect(resultOf(outcome)).toEqual({ exit_code: 0, stdout: '' })
  })
  it('bytes pass through unchanged', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const stdin = `base64:${bytes.toString('base64')}`
    const { stdout_base64: base64 } = resultOf(await runProgram(executor, { argv: ['cat'], stdin }))
    expect(Buffer.from(base64 ?? '', 'base64')).toEqual(bytes)
  })
})

describe.skipIf(isSkipped)('hostile 21: other programs', () => {
  const few = createProcessExecutor({ isAnyAllowed: false, programs: ['/usr/bin/sort'] })
  beforeAll(() => few.start())
  afterAll(() => few.stop())

  it.each([
    ['not on the list', ['/usr/bin/sh'], 'OWNER_REFUSED'],
    ['by another name', ['sh'], 'OWNER_REFUSED'],
    ['by a relative path', ['bin/sort'], 'FIELD_INVALID'],
    ['by a way around', ['/usr/bin/../bin/sh'], 'FIELD_INVALID'],
    ['without a name', [''], 'FIELD_INVALID'],
    ['with NUL', ['/usr/bin/sort', 'a\0b'], 'FIELD_INVALID']
  ])('are refused: %s', async (_, argv, code) => {
    expect((await runProgram(few, { argv })).error?.code).toBe(code)
  })
  it.each(['LD_PRELOAD', 'NODE_OPTIONS', 'BASH_ENV', 'PATH', 'A=B', ''])(
    'are not let in by the variable %j',
    async (name) => {
      const outcome = await runProgram(few, { argv: ['/usr/bin/sort'], env: { [name]: '/x' } })
      expect(outcome.error?.code).toBe('FIELD_INVALID')
    }
  )
  it('the one that is allowed runs by path and by name', async () => {
    for (const program of ['/usr/bin/sort', 'sort']) {
      const outcome = await runProgram(few, { argv: [program, '-r'], stdin: 'a\nb\n' })
      expect(resultOf(outcome).stdout).toBe('b\na\n')
    }
  })
})

describe.skipIf(isSkipped)('hostile 22: input files', () => {
  it.each(
    [
      ['../../x', '/etc/x', 'a/../../b', '', 'a\0b'].map((path) => [{ path }]),
      [[{ path: 'twice' }, { path: 'twice' }]],
      [Array.from({ length: 10_000 }, (_, index) => ({ path: `f${index}` }))]
    ].flat()
  )('are refused', async (...files) => {
    const outcome = await runProgram(executor, { argv: ['true'], files })
    expect(outcome.error?.code).toBe('FIELD_INVALID')
  })
  it('may have any other name, and any number up to the bound', async () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(200)}`
    const names = ['-rf', '$(touch x)', "it's", 'λ/ü', long]
    const files = names.map((path) => ({ path, text: path }))
    const many = Array.from({ length: 900 }, (_, index) => ({ path: `m/${index}`, text: 'x' }))
    const outcome = await runProgram(executor, {
      ...script('find . -type f | wc -l'),
      files: [...files, ...many],
      outputs: names
    })
    const result = resultOf(outcome)
    expect(result.stdout?.trim()).toBe(String(names.length + many.length))
    expect(result.files?.map(({ text }) => text).toSorted()).toEqual(names.toSorted())
  })
  it('that do not fit into the folder are the job’s fault', async () => {
    const files = [{ path: 'x', text: 'x'.repeat(1_000_000) }]
    const options = { memoryBytesMax: 500_000 }
    const outcome = await runProgram(executor, { argv: ['true'], files }, options)
    expect(outcome.error?.blame).toBe('job')
    expect(outcome.error?.message).toContain('input files')
  })
})

describe('hostile 23: root', () => {
  it('never runs tasks as root', async () => {
    await expect(createProcessExecutor({ uid: 0 }).start()).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: 'tasks never run as root'
    })
  })
  it.skipIf(isSkipped)('tasks are nobody unless the owner says who', async () => {
    const outcome = await runProgram(executor, { argv: ['id', '-u'] })
    expect(resultOf(outcome).stdout).not.toBe('0\n')
  })
})

describe.skipIf(isSkipped)('hostile 24: a sandbox that does not hold', () => {
  const inside = ['bwrap', '--dev-bind', '/', '/']
  it.each([
    ['may not be made', [...inside, '--unshare-user', '--disable-userns', '--']],
    ['has no bubblewrap', [...inside, '--ro-bind', '/dev/null', '/usr/bin/bwrap', '--']]
  ])('is not offered where it %s', async (_, launcher) => {
    const owner = startOwner({ isAnyAllowed: true }, { argv: ['true'] }, launcher)
    const [line = ''] = await linesOf(owner)
    const { engines, problems } = JSON.parse(line) as { engines: string[]; problems: string[] }
    expect(engines).toEqual([])
    expect(problems).toHaveLength(1)
  })
  it('is not offered without a program to run', async () => {
    await expect(createProcessExecutor({ isAnyAllowed: false }).start()).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE'
    })
  })
})
