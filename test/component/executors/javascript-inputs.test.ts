/** What a JavaScript task is given beside its input: files, chance and time that repeat, and a language with types. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { MIB, createExecutor, runSource, summary } from './run-javascript.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { JavascriptTask } from '../../../src/model/generated/job.ts'

const executor = createExecutor(1)
beforeAll(() => executor.start())
afterAll(() => executor.stop())

const run = async (
  source: string,
  fields: Partial<JavascriptTask> = {},
  terms: { seed?: string; submittedAtMs?: number } = {}
): Promise<string | undefined> => summary(await runSource(executor, source, { fields, ...terms }))

const typescript = (source: string): Promise<string | undefined> =>
  run(source, { language: 'typescript' })

/** A task that holds so many mebibytes. */
const fill = (mebibytes: number): string => `function main () {
  const all = []
  for (let count = 0; count < ${mebibytes}; count += 1) all.push(new Uint8Array(2 ** 20))
  return all.length
}`

describe('files', () => {
  const files = [
    { path: 'in/b.bin', base64: 'AAEC/w==' },
    { path: 'a.txt', text: 'hé\u0000llo' },
    { path: 'empty' }
  ]

  it('are there as text and as bytes', async () => {
    const source =
      'const main = () => [files.names(), files.text("a.txt"), [...files.bytes("in/b.bin")], files.bytes("empty").length, files.text("empty")]'
    expect(await run(source, { files })).toBe(
      '[["a.txt","empty","in/b.bin"],"hé\\u0000llo",[0,1,2,255],0,""]'
    )
  })

  it('are the task’s to change: what it reads again is what came', async () => {
    const source =
      'const main = () => { files.bytes("in/b.bin").fill(9); return [...files.bytes("in/b.bin")] }'
    expect(await run(source, { files })).toBe('[0,1,2,255]')
  })

  it.each([
    [
      'of another name',
      'files.text("in/a.txt")',
      'files.text("in/a.txt"): there is no such file; the task has "a.txt", "empty", "in/b.bin"'
    ],
    ['without a name', 'files.bytes()', 'files.bytes(undefined): there is no such file'],
    [
      'that is no text',
      'files.text("in/b.bin")',
      'files.text("in/b.bin"): it is not UTF-8; read it with files.bytes'
    ]
  ])('say what is wrong with a file %s', async (_, call, message) => {
    expect(await run(`const main = () => ${call}`, { files })).toContain(`Error: ${message}`)
  })

  it('say so when there are none, or many', async () => {
    const source = 'const main = () => files.bytes("x")'
    expect(await run(source)).toContain('the task has no files; give it some with "files"')
    const many = Array.from({ length: 12 }, (_, index) => ({ path: `f${index}`, text: '' }))
    expect(await run(source, { files: many })).toContain('"f7" and 2 more')
  })

  it.each([
    ['outside', { path: '../x', text: '' }, 'FIELD_INVALID: task.files[0].path'],
    ['that is not base64', { path: 'x', base64: '?' }, 'FIELD_INVALID: task.files[0].base64']
  ])('are refused with one %s', async (_, file, message) => {
    expect(await run('function main () {}', { files: [file] })).toContain(message)
  })

  it.each(['bytes', 'text'])(
    'count in the memory of the task once they are read (%s)',
    async (kind) => {
      const source = `function main () { const all = []; for (;;) all.push(files.${kind}('big')) }`
      const fields = { files: [{ path: 'big', text: 'x'.repeat(500_000) }] }
      const outcome = await runSource(executor, source, { fields, memoryBytesMax: 24 * MIB })
      expect(outcome.error?.code).toBe('TASK_OUT_OF_MEMORY')
      expect(await run('const main = () => 1')).toBe('1')
    }
  )
})

describe('chance', () => {
  const source = 'const main = () => Array.from({ length: 600 }, () => Math.random())'

  it('estimates π as the example does, each copy of a task the same', async () => {
    const url = new URL('../../../examples/verify/pi.js', import.meta.url)
    const init = { input: { points: 100_000 }, seed: 'job 1' }
    const { output } = await runSource(executor, readFileSync(url, 'utf8'), init)
    const copy = await runSource(executor, readFileSync(url, 'utf8'), init)
    expect(Number(output)).toBeCloseTo(Math.PI, 1)
    expect(copy.output).toBe(output)
  })

  it('grows from the seed of the job, or from the task’s own', async () => {
    const first = await run(source, {}, { seed: 'job 1' })
    expect(await run(source, {}, { seed: 'job 1' })).toBe(first)
    expect(await run(source, {}, { seed: 'job 2' })).not.toBe(first)
    const own = await run(source, { seed: 7 }, { seed: 'job 1' })
    expect(own).not.toBe(first)
    expect(await run(source, { seed: '7' }, { seed: 'job 2' })).toBe(own)
  })

  it('is spread from 0 to 1', async () => {
    const numbers = JSON.parse((await run(source)) ?? '') as number[]
    expect(new Set(numbers).size).toBe(600)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    const tenths = numbers.map((number) => Math.floor(number * 10))
    for (let tenth = 0; tenth < 10; tenth += 1) {
      expect(tenths.filter((each) => each === tenth).length).toBeGreaterThan(30)
    }
  })
})

describe('time', () => {
  const look = 'const main = () => [Date.now(), new Date(), new Date().getTimezoneOffset(), Date()]'

  it('begins when the job was submitted, or when the task says, and is that of Greenwich', async () => {
    expect(await run(look, {}, { submittedAtMs: Date.UTC(2025, 5, 1, 12) })).toBe(
      '[1748779200000,"2025-06-01T12:00:00.000Z",0,"Sun Jun 01 2025 12:00:00 GMT+0000"]'
    )
    expect(await run(look, { time: '2020-02-29T01:00:00.5+01:00' })).toContain(
      '"2020-02-29T00:00:00.500Z"'
    )
  })

  it('needs a zone', async () => {
    expect(await run(look, { time: '2020-02-29' })).toContain('FIELD_INVALID')
  })

  it('moves by a microsecond with each look, so that a loop that waits for it ends', async () => {
    const source =
      'const main = () => { const a = Date.now(); let n = 0; while (Date.now() < a + 3) n += 1; return n }'
    expect(await run(source)).toBe('2998')
    expect(await run(source)).toBe('2998')
  })

  it('passes by sleeping, as long as it says, and really so', async () => {
    const source =
      'const main = async () => { const a = Date.now(); sleep(120); await sleep(0.5); return Date.now() - a }'
    const { output, usage } = await runSource(executor, source)
    expect(output).toBe('120')
    expect(usage.wallMs).toBeGreaterThanOrEqual(120)
  })

  it('takes the countdown of the examples a second each', async () => {
    const source = readFileSync(new URL('../../../examples/countdown.js', import.meta.url), 'utf8')
    const { log, output, progress, usage } = await runSource(executor, source, {
      input: { seconds: 1 }
    })
    expect(output).toBe('"lift-off"')
    expect(textOf(log)).toBe('1 …\n')
    expect(progress).toEqual([{ ratio: 1, text: '0 s left' }])
    expect(usage.wallMs).toBeGreaterThanOrEqual(1_000)
  })

  it.each(['-1', 'NaN', 'Infinity', '"1"', ''])('is not slept through for %j', async (ms) => {
    const text = await run(`const main = () => sleep(${ms})`)
    expect(text).toContain('TypeError: sleep(ms) needs a number of milliseconds, not ')
  })

  it('ends a sleeper at its limit, and keeps the host', async () => {
    const [pid] = executor.pids
    const source = 'function main () { for (;;) try { sleep(1e9) } finally { continue } }'
    const outcome = await runSource(executor, source, { timeoutMs: 100 })
    expect(outcome.error?.message).toBe('the task ran longer than its 100ms')
    expect(executor.pids).toEqual([pid])
  })

  it('wakes a sleeper that is told to stop', async () => {
    const controller = new AbortController()
    const stopped = runSource(executor, 'function main () { console.log(1); sleep(1e9) }', {
      signal: controller.signal,
      onLog: () => systemClock.after(0, () => controller.abort())
    })
    expect((await stopped).error?.code).toBe('TASK_STOPPED')
  })
})

describe('TypeScript', () => {
  it('runs without its types', async () => {
    expect(
      await typescript(`
        import type { Point } from './point.ts'
        interface Named { name: string }
        abstract class Base<T> { declare size: number; constructor (readonlyValue: T) { this.value = readonlyValue } value: T }
        class Leaf extends Base<number> { override value = 2 as const }
        const twice = <T extends number>(value: T): number => value! * 2
        export default async function main (input: null | Named): Promise<number> {
          return twice((new Leaf(1) satisfies Base<number>).value)
        }`)
    ).toBe('4')
  })

  it('keeps lines and columns', async () => {
    const source =
      'type A = {\n  a: number\n}\n\nfunction main (a: A): never { throw new Error("here" as string) }'
    expect(await typescript(source)).toBe('TASK_FAILED: Error: here (line 5, column 46)')
  })

  it.each([
    ['an enum', '\n  enum A { B }', 'TypeScript enum', '(line 2, column 3)'],
    [
      'a namespace',
      'namespace A { export const a = 1 }',
      'TypeScript namespace',
      '(line 1, column 1)'
    ],
    [
      'a parameter property',
      'class A { constructor (private a: 1) {} }',
      'parameter property',
      '(line 1, column 32)'
    ],
    ['a cast in angle brackets', 'const a = <number>1', 'angle-bracket', '(line 1, column 11)'],
    ['a mistake', 'let a: = 1', 'SyntaxError: ', '(line 1, column 8)']
  ])('refuses %s and says where', async (_, source, word, place) => {
    const text = await typescript(`${source}\nfunction main () {}`)
    expect(text).toContain('TASK_FAILED: SyntaxError: ')
    expect(text).toContain(word)
    expect(text).toContain(place)
  })

  it('is not taken for JavaScript', async () => {
    expect(await run('const main = (a: number) => a')).toContain('SyntaxError')
  })
})

it('is refused memory that is less than the engine’s own', async () => {
  const outcome = await runSource(executor, 'function main () {}', { memoryBytesMax: 8 * MIB })
  expect(outcome.error).toMatchObject({
    code: 'FIELD_INVALID',
    path: 'resources.memory',
    hint: 'ask for 16MiB or more',
    blame: 'job'
  })
})

it('is held to the least memory that may be asked for', async () => {
  const least = { memoryBytesMax: 16 * MIB }
  expect(summary(await runSource(executor, fill(4), least))).toBe('4')
  expect((await runSource(executor, fill(16), least)).error?.code).toBe('TASK_OUT_OF_MEMORY')
})
