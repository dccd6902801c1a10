/** The contract that authors of JavaScript tasks read: how `main` is found, called and answered for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExecutor, runSource, summary } from './run-javascript.ts'
import { textOf } from '../../conformance/executor-recorder.ts'

const executor = createExecutor(1)
beforeAll(() => executor.start())
afterAll(() => executor.stop())

const run = async (source: string, input?: unknown): Promise<string | undefined> =>
  summary(await runSource(executor, source, { input }))

/** What a body of `main` writes. */
const shown = async (body: string): Promise<string> =>
  textOf((await runSource(executor, `function main () { ${body} }`)).log)

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
    ['an arrow function', 'export default (n) => n + 1'],
    ['a function without a name', 'export default function (n) { return n + 1 }'],
    ['a function of another name', 'export default async function run (n) { return n + 1 }']
  ])('takes %s that is exported by default', async (_, source) => {
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
      "SyntaxError: unexpected token in expression: ';' (line 2, column 11)"
    ],
    [
      'an open template',
      'function main () { `',
      'SyntaxError: unexpected end of string (line 1, column 20)'
    ],
    [
      'a throw',
      '\n\nfunction main () { throw new TypeError("bad") }',
      'TypeError: bad (line 3, column 39)'
    ],
    [
      'a throw at the top',
      '\nthrow new Error("top")\nfunction main () {}',
      'Error: top (line 2, column 16)'
    ],
    [
      'a rejection',
      '\nasync function main () {\n  await null\n  throw new Error("later") }',
      'Error: later (line 4, column 18)'
    ],
    ['no Error at all', 'function main () { throw "text" }', 'text'],
    ['an object', 'function main () { throw { a: 1 } }', '{ a: 1 }'],
    ['null', 'function main () { throw null }', 'null'],
    [
      'an unknown name',
      'function main () { return fetch("x") }',
      "ReferenceError: 'fetch' is not defined (line 1, column 27)"
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

  it('shows the frames of the source, and what was last on stderr', async () => {
    const source =
      'const a = () => { throw new Error("deep") }\nfunction main () { console.warn("going"); a() }'
    expect(await run(source)).toBe(
      'TASK_FAILED: Error: deep (line 1, column 34)\n' +
        '    at a (task.js:1:34)\n    at main (task.js:2:44)\nlast on stderr:\ngoing'
    )
  })

  it('points into the source, never behind its end', async () => {
    expect(await run('function main () {')).toContain('(line 1, column 19)')
    expect(await run('function main () {}\nfunction main () {}\n')).toContain('(line 2')
  })

  it('runs the source once, whatever it throws', async () => {
    const source = 'console.log("once"); throw new SyntaxError("main")'
    const outcome = await runSource(executor, source)
    expect(textOf(outcome.log)).toBe('once\n')
    expect(outcome.error?.message).toContain('SyntaxError: main')
  })

  it('bounds the message', async () => {
    expect(
      (await run('const main = () => { throw new Error("x".repeat(1e6)) }'))?.length
    ).toBeLessThan(2_200)
  })
})

describe('console', () => {
  it('joins values by space, on two streams', async () => {
    const outcome = await runSource(
      executor,
      `function main () {
        console.log('a', 1, true, undefined, null, { b: [2] }, main, 1n, 'nul\\u0000 é')
        console.info('info'); console.warn('warn'); console.error('error'); console.debug('debug')
      }`
    )
    expect(textOf(outcome.log)).toBe(
      'a 1 true undefined null { b: [ 2 ] } [function main] 1n nul\u0000 é\n' +
        'info\nwarn\nerror\ndebug\n'
    )
    expect(textOf(outcome.log, 'err')).toBe('warn\nerror\n')
    expect(outcome.logsDroppedBytes).toBe(0)
  })

  it.each([
    ['a map', 'new Map([[1, { a: "x" }]])', 'Map(1) { 1 => { a: "x" } }'],
    ['a set', 'new Set([1, "a"])', 'Set(2) { 1, "a" }'],
    ['bytes', 'new Uint8Array(3)', 'Uint8Array(3) [ 0, 0, 0 ]'],
    ['a date', 'new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['an object of a class', 'new (class Point { x = -0 })', 'Point { x: -0 }'],
    ['symbols and holes', '{ [Symbol("s")]: [, 1] }', '{ [Symbol(s)]: [ empty, 1 ] }'],
    ['a circle', '(() => { const a = {}; a.a = a; return a })()', '{ a: [circular] }'],
    ['depth', '[[[[[[]]]]]]', '[ [ [ [ [Array] ] ] ] ]'],
    ['a getter', '{ get x () { throw 1 } }', '{ x: [getter] }'],
    [
      'a hostile proxy',
      'new Proxy({}, { ownKeys () { throw 1 } })',
      '[object that cannot be read]'
    ],
    [
      'a liar',
      '{ [Symbol.toStringTag]: "Map", size: 9 }',
      '{ size: 9, [Symbol(Symbol.toStringTag)]: "Map" }'
    ],
    ['an object of none', 'Object.create(null)', 'null prototype {}'],
    ['an error', 'new RangeError("far")', 'RangeError: far\n    at main (task.js:1:46)']
  ])('shows %s', async (_, value, text) => {
    expect(await shown(`console.log(${value})`)).toBe(`${text}\n`)
  })

  it('bounds what it shows of long and broad values', async () => {
    const list = await shown('console.log(Array.from({ length: 1e5 }, (_, index) => index))')
    expect(list).toMatch(/^\[\n {2}0, 1, 2,.* 99, … 99900 more\n\]\n$/s)
    const fields = await shown(
      'const o = {}; for (let i = 0; i < 1e4; i += 1) o[i] = i; console.log(o)'
    )
    expect(fields.split('\n')).toHaveLength(104)
    const nested = 'let a = []; for (let i = 0; i < 4; i += 1) a = new Array(100).fill(a)'
    expect((await shown(`${nested}; console.log(a)`)).length).toBeLessThan(40_000)
    expect(await shown('console.log(["x".repeat(20_000)])')).toContain('… 10000 more')
  })

  it('knows directives', async () => {
    const text = await shown('console.log("%s is %d%% of %o, %i", "x", 5, { a: 1 }, 2.9, "rest")')
    expect(text).toBe('x is 5% of { a: 1 }, 2 rest\n')
    expect(await shown('console.log("100%", 1); console.log("%s")')).toBe('100% 1\n%s\n')
  })

  it('counts, asserts, indents and measures by the clock of the task', async () => {
    const text = await shown(`
      console.count(); console.count('x'); console.count(); console.countReset(); console.count()
      console.assert(true, 'no'); console.assert(false, 'yes', 1)
      console.group('one'); console.group(); console.log('in\\nside'); console.groupEnd(); console.warn('out')
      console.groupEnd(); console.groupEnd(); console.log('end')
      console.time('t'); sleep(3); console.timeLog('t', 'so far'); sleep(2); console.timeEnd('t'); console.timeEnd('t')
    `)
    expect(text).toBe(
      'default: 1\nx: 1\ndefault: 2\ndefault: 1\nAssertion failed: yes 1\n' +
        'one\n    in\n    side\n  out\nend\nt: 3ms so far\nt: 5ms\n'
    )
  })

  it('draws tables', async () => {
    const text = await shown(`
      console.table([{ a: 1, b: 'long' }, { a: 22, get c () { throw 1 } }])
      console.table({ x: { a: 1, b: 2 } }, ['b']); console.table(['v']); console.table(7)
      console.table(new Proxy({}, { ownKeys () { throw 1 } }))
    `)
    expect(text).toBe(
      '  | a  | b    | c       \n--+----+------+---------\n0 | 1  | long |         \n1 | 22 |      | [getter]\n' +
        '  | b\n--+--\nx | 2\n  | value\n--+------\n0 | v    \n7\n[object that cannot be read]\n'
    )
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
  const source = `function main () { console.log('first'); sleep(150); console.log('second') }`
  const { log, usage } = await runSource(executor, source)
  expect(log.map(({ text }) => text)).toEqual(['first\n', 'second\n'])
  const [first = 0, second = 0] = log.map(({ ms }) => ms)
  expect(second - first).toBeGreaterThan(140)
  expect(second).toBeLessThanOrEqual(usage.wallMs)
})

it('shows the guest the language and four things of ours, nothing else', async () => {
  const source = 'const main = () => Object.getOwnPropertyNames(globalThis)'
  const names = JSON.parse((await run(source)) ?? '') as string[]
  const ours = ['console', 'files', 'progress', 'sleep']
  const language = new Set(['InternalError', 'escape', 'unescape', ...ours])
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
