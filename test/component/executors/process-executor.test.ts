/** Ordinary Unix tools as tasks: what people will do with the engine. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  MIB,
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
import type {
  ProcessExecutor,
  ProcessExecutorInit
} from '../../../src/executors/process/process-executor.ts'
import { textOf } from '../../conformance/executor-recorder.ts'

const problem = await processProblem()

describe.skipIf(problem !== undefined)('programs', () => {
  const executor = createProcessExecutor()
  beforeAll(() => executor.start())
  afterAll(() => executor.stop())

  it('sort what comes in', async () => {
    const outcome = await runProgram(executor, {
      argv: ['/usr/bin/sort', '-n'],
      stdin: '10\n9\n8\n',
      env: { LC_ALL: 'C' }
    })
    expect(resultOf(outcome)).toEqual({ exit_code: 0, stdout: '8\n9\n10\n' })
  })

  it.each([false, true])('read what comes in whatever the umask, unsafe: %s', async (isUnsafe) => {
    const umask = process.umask(0o077)
    const strict = createProcessExecutor({ isUnsafe })
    try {
      await strict.start()
      const outcome = await runProgram(strict, {
        ...script('cat; cat in'),
        stdin: 'stdin\n',
        files: [{ path: 'in', text: 'file\n' }]
      })
      expect(resultOf(outcome).stdout).toBe('stdin\nfile\n')
    } finally {
      await strict.stop()
      process.umask(umask)
    }
  })

  it('make files of files', async () => {
    const text = 'the cat\nthe dog\na cat\n'
    const outcome = await runProgram(executor, {
      ...script(
        'mkdir out',
        "tr ' ' '\\n' <in/text | sort | uniq -c | sort -rn | awk '{print $2, $1}' >out/words",
        'gzip -c in/text >out/text.gz; tar -cf - in | sha256sum | cut -c1-64 >/dev/null',
        'gzip -dc out/text.gz | cmp - in/text && echo same'
      ),
      files: [{ path: 'in/text', text }],
      outputs: ['out']
    })
    const { files = [], stdout } = resultOf(outcome)
    expect(stdout).toBe('same\n')
    expect(files.map(({ path }) => path)).toEqual(['out/text.gz', 'out/words'])
    expect(files[1]?.text?.split('\n').slice(0, 2).toSorted()).toEqual(['cat 2', 'the 2'])
    expect(files[0]?.base64).toMatch(/^H4sI/)
  })

  it.each([
    'cat',
    'cat -',
    'cat /dev/stdin',
    'cat /proc/self/fd/0',
    'cat <&0',
    'sh -c "cat /dev/fd/0"'
  ])('read what comes in, whichever way they open it: %s', async (text) => {
    const { stdout } = resultOf(await runProgram(executor, { ...script(text), stdin: 'in\n' }))
    expect(stdout).toBe('in\n')
  })

  it('read from a file: they may go back in it, and it is short where nothing comes in', async () => {
    const lines = [
      'head -n 1 >/dev/null; cat',
      'wc -c </dev/stdin',
      'test -f /dev/stdin && echo file'
    ]
    const outcome = await runProgram(executor, { ...script(...lines), stdin: 'a\nb\n' })
    expect(resultOf(outcome).stdout).toBe('b\n4\nfile\n')
    expect(resultOf(await runProgram(executor, script('cat /dev/stdin | wc -c'))).stdout).toBe(
      '0\n'
    )
  })

  it('write to their streams by name as well', async () => {
    const lines = [
      'echo one | tee /dev/stderr',
      'echo two >/dev/stdout; echo three >>/dev/fd/1; echo four >/dev/stderr',
      'seq 3 | tee /dev/stderr | paste -sd+ | tee /proc/self/fd/2 >/dev/stdout',
      'awk \'BEGIN { print "five" >"/dev/stderr" }\''
    ]
    const outcome = await runProgram(executor, script(...lines))
    expect(resultOf(outcome).stdout).toBe('one\ntwo\nthree\n1+2+3\n')
    expect(textOf(outcome.log, 'err')).toBe('one\nfour\n1\n2\n3\n1+2+3\nfive\n')
  })

  it('see the same few variables everywhere, and those of the task', async () => {
    const outcome = await runProgram(executor, { argv: ['env'], env: { GREETING: "it's" } })
    const lines = resultOf(outcome).stdout?.trim().split('\n').toSorted()
    expect(lines?.filter((line) => !line.startsWith('PWD='))).toEqual([
      "GREETING=it's",
      'HOME=/work',
      'LANG=C.UTF-8',
      'PATH=/usr/local/bin:/usr/bin:/bin',
      'TMPDIR=/tmp',
      'TZ=UTC'
    ])
  })

  it('get their arguments as they are, for there is no shell', async () => {
    const argv = ['printf', '%s|', '$HOME', '*', "a'b", '', 'λ\n']
    expect(resultOf(await runProgram(executor, { argv })).stdout).toBe("$HOME|*|a'b||λ\n|")
  })

  it('fail with the code and the last they said', async () => {
    const outcome = await runProgram(executor, { argv: ['ls', '/absent'] })
    expect(outcome.error).toMatchObject({ code: 'TASK_FAILED', blame: 'job' })
    expect(outcome.error?.message).toMatch(/exit code 2:\n.*absent/)
    expect(textOf(outcome.log, 'err')).toContain('absent')
  })

  it('fail with words that steer no terminal, and no more of them than can be read', async () => {
    const noise = "printf '\\033[31mred\\033[0m \\033]0;title\\007\\000\\010bell\\n' >&2"
    const outcome = await runProgram(executor, script(`seq 1000 >&2; ${noise}; exit 1`))
    const lines = outcome.error?.message.split('\n') ?? []
    expect(lines.at(-1)).toBe('red bell')
    expect(lines).toHaveLength(11)
  })

  it.each([
    ['an exit code', script('seq 3; exit 1'), {}],
    ['a file that is missing', { ...script('seq 3'), outputs: ['absent'] }, {}],
    ['a limit', script('seq 3; sleep 600'), { timeoutMs: 1_500 }]
  ])('fail by %s with what they had written, once', async (_, task, terms) => {
    const { error, late, log } = await runProgram(executor, task, terms)
    expect(error?.blame).toBe('job')
    expect(log.map(({ stream, text }) => [stream, text])).toEqual([['out', '1\n2\n3\n']])
    expect(late).toEqual([])
  })

  it('say nothing more in their log when they end well', async () => {
    expect((await runProgram(executor, script('seq 3'))).log).toEqual([])
  })

  it('fail by a full /tmp with a word of what to ask for', async () => {
    const { error } = await runProgram(
      executor,
      script('echo "x: No space left on device" >&2; exit 2')
    )
    expect(error?.hint).toMatch(/\/tmp .*resources.memory.*resources.disk/)
  })

  it('fail by a signal that is named', async () => {
    const outcome = await runProgram(executor, script('kill -SEGV $$'))
    expect(outcome.error?.message).toContain('as after SIGSEGV')
  })

  it('report what they used', async () => {
    const outcome = await runProgram(
      executor,
      script('head -c 30000000 /dev/zero | tail | sha256sum'),
      { memoryBytesMax: 128 * MIB }
    )
    expect(outcome.error).toBeUndefined()
    expect(outcome.usage.cpuMs).toBeGreaterThan(0)
    expect(outcome.usage.peakMemoryBytes).toBeGreaterThan(20 * MIB)
    expect(outcome.usage.peakMemoryBytes).toBeLessThan(140 * MIB)
  })

  it('are told their limits in words', async () => {
    const slow = await runProgram(executor, { argv: ['sleep', '9'] }, { timeoutMs: 1_500 })
    expect(slow.error?.message).toBe('the task ran longer than its 1.5s')
    const loud = await runProgram(executor, { argv: ['yes'] })
    expect(loud.error?.message).toContain('4MiB')
  })

  it('may have arguments and variables as long as Linux takes them', async () => {
    const [most, tooMuch] = ['x'.repeat(131_071), 'x'.repeat(131_072)]
    const outcome = await runProgram(executor, { argv: ['expr', 'length', most] })
    expect(resultOf(outcome).stdout).toBe('131071\n')
    for (const task of [{ argv: ['true', tooMuch] }, { argv: ['true'], env: { A: most } }]) {
      expect((await runProgram(executor, task)).error?.code).toBe('FIELD_INVALID')
    }
  })

  it('end with the worker', async () => {
    const short = createProcessExecutor()
    await short.start()
    const outcome = runProgram(short, script('echo up >&2; sleep 600'), {
      onLog: () => void short.stop()
    })
    expect((await outcome).error?.code).toBe('WORKER_STOPPING')
    const late = await runProgram(short, { argv: ['true'] })
    expect(late.error?.code).toBe('WORKER_STOPPING')
  })
})

describe.skipIf(problem !== undefined)('programs that lie elsewhere', () => {
  // Not below /tmp, of which tasks have their own.
  const home = mkdtempSync('/var/tmp/taskmesh-programs-')
  const tool = join(home, 'bin', 'tool')
  beforeAll(() => {
    chmodSync(home, 0o755)
    for (const name of ['bin', 'lib', 'node']) mkdirSync(join(home, name))
    writeFileSync(join(home, 'lib', 'words'), 'from the library\n')
    writeFileSync(tool, `#!/bin/sh\ncat ${join(home, 'lib', 'words')}\n`, { mode: 0o755 })
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  async function withExecutor<T>(
    init: Partial<ProcessExecutorInit>,
    use: (executor: ProcessExecutor) => Promise<T>
  ): Promise<T> {
    const executor = createProcessExecutor({ isAnyAllowed: false, programs: [tool], ...init })
    try {
      await executor.start()
      return await use(executor)
    } finally {
      await executor.stop()
    }
  }

  it('are there by themselves, and what they need where the owner shows it', async () => {
    const alone = await withExecutor({}, (one) => runProgram(one, { argv: ['tool'] }))
    expect(alone.error?.message).toContain('No such file')
    const folders = [join(home, 'lib')]
    const both = await withExecutor({ folders }, (one) => runProgram(one, { argv: [tool] }))
    expect(resultOf(both).stdout).toBe('from the library\n')
  })

  it.each([
    [{ programs: ['/tmp/tool'] }, "program /tmp/tool can't be offered"],
    [{ folders: ['/tmp'] }, "/tmp can't be shown to tasks: they have a /tmp of their own"],
    [{ folders: ['/proc/sys'] }, "/proc/sys can't be shown to tasks"],
    [{ folders: ['/no/such/folder'] }, "folder /no/such/folder can't be shown to tasks"],
    [{ folders: [home], folder: join(home, 'node') }, "tasks could read the node's folder"]
  ])('%j is refused by name', async (init, message) => {
    await expect(withExecutor(init, async () => {})).rejects.toThrow(message)
  })
})
