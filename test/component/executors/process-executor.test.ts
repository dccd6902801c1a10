/** Ordinary Unix tools as tasks: what people will do with the engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  MIB,
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
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
    expect(outcome.error?.message).toMatch(/exit code 2: .*absent/)
    expect(textOf(outcome.log, 'err')).toContain('absent')
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
