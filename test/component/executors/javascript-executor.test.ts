/** The contract that authors of JavaScript tasks read: how `main` is found, called and answered for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExecutor, runSource, summary } from './run-javascript.ts'
import { textOf } from '../../conformance/executor-recorder.ts'

const executor = createExecutor(1)
beforeAll(() => executor.start())
afterAll(() => executor.stop())

const run = async (source: string, input?: unknown): Promise<string | undefined> =>
  summary(await runSource(executor, source, { input }))

describe('where main may stand', () => {
  it.each([
    ['a function', 'function main (n) { return n + 1 }'],
    ['a constant', 'const main = (n) => n + 1'],
    ['an async function', 'async function main (n) { await null; return n + 1 }'],
    ['an exported function', 'export function main (n) { return n + 1 }'],
    ['an exported constant', 'export const main = (n) => n + 1'],
    ['a default export', 'export default function main (n) { return n + 1 } // the end'],
    ['an export under that name', 'const increment = (n) => n + 1\nexport { increment as main }'],
    ['after a top-level await', 'const one = await Promise.resolve(1)\nconst main = (n) => n + one']
  ])('%s', async (_, source) => {
    expect(await run(source, 41)).toBe('42')
  })

  it.each([
    ['is missing', 'function mian () {}'],
    ['is no function', 'const main = 3']
  ])('tells when main %s', async (_, source) => {
    expect(await run(source)).toBe('TASK_FAILED: the source must define main(input)')
  })
})

describe('what goes in and out', () => {
  it('passes any JSON through unchanged', async () => {
    const input = {
      text: 'é\u0000\ud800"\\',
      list: [1, -0.5, null, true],
      deep: { a: {} }
    }
    const outcome = await runSource(executor, 'const main = (input) => input', { input })
    expect(JSON.parse(outcome.output ?? '')).toEqual(input)
  })

  it('gives null for undefined', async () => {
    expect(await run('function main () {}')).toBe('null')
  })

  it.each([
    ['a BigInt', 'const main = () => ({ n: 1n })', 'BigInt'],
    ['a circle', 'const main = () => { const a = {}; a.a = a; return a }', 'circular'],
    ['a function', 'const main = () => main', 'function']
  ])('refuses %s as a result', async (_, source, word) => {
    const text = await run(source)
    expect(text).toContain('TASK_FAILED: TypeError: the result of main is not JSON')
    expect(text).toContain(word)
  })

  it('reports usage', async () => {
    const { usage } = await runSource(executor, 'const main = () => "x".repeat(1e6).length')
    expect(usage.wallMs).toBeGreaterThan(0)
    expect(usage.cpuMs).toBeGreaterThan(0)
    expect(usage.peakMemoryBytes).toBeGreaterThan(1e6)
  })
})

describe('errors', () => {
  it.each([
    [
      'syntax',
      'function main () {\n  let a = ;\n}',
      "SyntaxError: unexpected token in expression: ';' (line 2)"
    ],
    ['an open template', 'function main () { `', 'SyntaxError: unexpected end of string (line 1)'],
    ['a throw', '\n\nfunction main () { throw new TypeError("bad") }', 'TypeError: bad (line 3)'],
    ['a throw at the top', '\nthrow new Error("top")\nfunction main () {}', 'Error: top (line 2)'],
    [
      'a rejection',
      '\nasync function main () {\n  await null\n  throw new Error("later") }',
      'Error: later (line 4)'
    ],
    ['no Error at all', 'function main () { throw "text" }', 'text'],
    ['an object', 'function main () { throw { a: 1 } }', '{"a":1}'],
    ['null', 'function main () { throw null }', 'null'],
    [
      'an unknown name',
      'function main () { return fetch("x") }',
      "ReferenceError: 'fetch' is not defined (line 1)"
    ],
    [
      'a static import',
      'import fs from "fs"\nfunction main () {}',
      'Error: cannot import "fs": a task\'s source must stand alone'
    ],
    [
      'a dynamic import',
      'const main = () => import("fs")',
      'Error: cannot import "fs": a task\'s source must stand alone'
    ],
    [
      'a promise that never settles',
      'const main = () => new Promise(() => {})',
      'main returned a promise that never settles'
    ],
    [
      'a module that never settles',
      'await new Promise(() => {})\nfunction main () {}',
      'the top-level await of the source never settles'
    ],
    [
      'an error with a hostile message',
      'function main () { throw { get message () { throw 1 } } }',
      'an error that cannot be read'
    ]
  ])('describes %s', async (_, source, message) => {
    expect(await run(source)).toBe(`TASK_FAILED: ${message}`)
  })

  it('bounds the message', async () => {
    expect(
      (await run('const main = () => { throw new Error("x".repeat(1e6)) }'))?.length
    ).toBeLessThan(2_200)
  })
})

describe('console', () => {
  it('joins texts by space and shows objects as JSON', async () => {
    const outcome = await runSource(
      executor,
      `function main () {
        console.log('a', 1, true, undefined, null, { b: [2] }, main)
        console.info('info'); console.warn('warn'); console.error('error'); console.debug('debug')
        console.log('nul\\u0000 é', 1n)
        const circle = {}; circle.circle = circle; console.log(circle)
      }`
    )
    expect(textOf(outcome.log)).toBe(
      'a 1 true undefined null {"b":[2]} [function main]\ninfo\nwarn\nerror\ndebug\n' +
        'nul\u0000 é 1\n[object that is not JSON]\n'
    )
    expect(textOf(outcome.log, 'err')).toBe('warn\nerror\n')
    expect(outcome.logsDroppedBytes).toBe(0)
  })

  it.each([
    ['characters that JSON escapes', '\0', 60_000, 60_001, 0],
    ['more characters than fit', 'x', 70_000, 65_536, 70_000 + 1 - 65_536],
    ['more bytes than fit', 'é', 40_000, 65_536, 80_000 + 1 - 65_536]
  ])('keeps of a line with %s what fits, and counts the rest', async (...values) => {
    const [, character, count, keptBytes, droppedBytes] = values
    const source = 'const main = ({ character, count }) => console.log(character.repeat(count))'
    const outcome = await runSource(executor, source, { input: { character, count } })
    expect(Buffer.byteLength(textOf(outcome.log))).toBe(keptBytes)
    expect(outcome.logsDroppedBytes).toBe(droppedBytes)
  })

  it('is kept when the task fails', async () => {
    const outcome = await runSource(executor, 'function main () { console.log("so far"); throw 1 }')
    expect(textOf(outcome.log)).toBe('so far\n')
  })

  it.each([
    ['interrupted', 'for (;;);'],
    ['killed', 'new Array(1e9) + ""']
  ])('is kept when the task is %s', async (_, hang) => {
    const source = `function main () { console.log('so far'); ${hang} }`
    const outcome = await runSource(executor, source, {
      timeoutMs: 200,
      memoryBytesMax: 512 * 2 ** 20
    })
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(textOf(outcome.log)).toBe('so far\n')
  })
})

describe('progress', () => {
  it.each([
    ['a ratio', '0.25', { ratio: 0.25 }],
    ['a ratio with a text', '0.25, "a\\0é"', { ratio: 0.25, text: 'a\0é' }],
    ['a text that is none', '0.25, 7', { ratio: 0.25, text: '7' }],
    ['less than nothing', '-Infinity', { ratio: 0 }],
    ['more than all', '1.5', { ratio: 1 }],
    ['a long text', '1, "é".repeat(201)', { ratio: 1, text: 'é'.repeat(200) }]
  ])('tells %s', async (_, values, progress) => {
    const outcome = await runSource(executor, `function main () { progress(${values}) }`)
    expect(outcome.progress).toEqual([progress])
    expect(outcome.output).toBe('null')
  })

  it('tells the first word and the last, whatever lies between', async () => {
    const source = 'function main () { for (let i = 0; i <= 1000; i += 1) progress(i / 1000) }'
    const { progress } = await runSource(executor, source)
    expect(progress[0]).toEqual({ ratio: 0 })
    expect(progress.at(-1)).toEqual({ ratio: 1 })
    expect(progress.length).toBeLessThan(10)
  })

  it('is told when the task fails', async () => {
    const source = 'function main () { progress(0); progress(0.9, "almost"); throw 1 }'
    expect((await runSource(executor, source)).progress).toEqual([
      { ratio: 0 },
      { ratio: 0.9, text: 'almost' }
    ])
  })

  it('leaves its name to a task that wants it', async () => {
    expect(await run('const progress = (n) => n + 1\nconst main = progress', 1)).toBe('2')
  })
})

it('tells log and progress while the task works on', async () => {
  const controller = new AbortController()
  const source = `function main () {
    for (let line = 0; line < 30; line += 1) console.log(line)
    progress(0.1); progress(0.2)
    for (;;);
  }`
  let text = ''
  const outcome = await runSource(executor, source, {
    signal: controller.signal,
    onLog: (entry) => (text += entry.text),
    // The last word comes a moment after the first, so by then all lines are here.
    onProgress: ({ ratio }) => ratio === 0.2 && controller.abort()
  })
  expect(outcome.error?.code).toBe('TASK_STOPPED')
  expect(text).toBe(Array.from({ length: 30 }, (_, line) => `${line}\n`).join(''))
})

it('tells when each line was written', async () => {
  const source = `function main () {
    console.log('first')
    for (const start = Date.now(); Date.now() < start + 150;);
    console.log('second')
  }`
  const { log, usage } = await runSource(executor, source)
  expect(log.map(({ text }) => text)).toEqual(['first\n', 'second\n'])
  const [first = 0, second = 0] = log.map(({ ms }) => ms)
  expect(second - first).toBeGreaterThan(140)
  expect(second).toBeLessThanOrEqual(usage.wallMs)
})

it('shows the guest the language, console and progress, nothing else', async () => {
  const source = 'const main = () => Object.getOwnPropertyNames(globalThis)'
  const names = JSON.parse((await run(source)) ?? '') as string[]
  const language = new Set(['InternalError', 'console', 'progress', 'escape', 'unescape'])
  const foreign = names.filter((name) => !language.has(name) && !(name in globalThis))
  expect(foreign).toEqual([])
  for (const name of [
    'process',
    'require',
    'WebAssembly',
    'setTimeout',
    'fetch',
    'performance',
    'queueMicrotask'
  ]) {
    expect(names).not.toContain(name)
  }
})
