/**
 * Tasks that mean harm, from the acceptance list of the design (items 25 to 29 and 32): each must end
 * as it should, and the next task on the same slot must be right.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { createExecutor, MIB, runSource, summary } from './run-javascript.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import type { RunOptions } from './run-javascript.ts'

const executor = createExecutor(1)
beforeAll(() => executor.start())
afterAll(() => executor.stop())

afterEach(expectClean)

/** Nothing that a task did may show in the next one. */
async function expectClean(): Promise<void> {
  const source =
    'const main = (n) => [n, Object.keys(globalThis), ({}).polluted, JSON.stringify([1]), [2].map((x) => x)]'
  expect(summary(await runSource(executor, source, { input: 1 }))).toBe(
    '[1,["console","progress","sleep","files"],null,"[1]",[2]]'
  )
}

async function codeOf(source: string, options: RunOptions = {}): Promise<ErrorCode | undefined> {
  return (await runSource(executor, source, options)).error?.code
}

describe('never ends (25, 26)', () => {
  it.each([
    ['a loop', 'function main () { for (;;); }'],
    ['a loop in finally', 'function main () { try { for (;;); } finally { for (;;); } }'],
    ['a loop that catches', 'function main () { for (;;) try { for (;;); } catch {} }'],
    ['a loop at the top level', 'for (;;); function main () {}'],
    ['an endless chain of promises', 'async function main () { for (;;) await null }'],
    ['promises that breed', 'const f = () => { Promise.resolve().then(f) }; const main = f'],
    ['a slow regular expression', 'const main = () => /^(a+)+$/.test("a".repeat(40) + "b")'],
    ['a slow toJSON', 'const main = () => ({ toJSON () { for (;;); } })'],
    [
      'an error that loops when read',
      'const main = () => { throw { get message () { for (;;); } } }'
    ],
    ['a native loop over holes', 'const main = () => new Array(1e9) + ""'],
    [
      'a native search',
      'const main = () => { const a = "a".repeat(3e6); for (;;) a.lastIndexOf("a".repeat(1e6) + "b") }'
    ]
  ])('%s', async (_, source) => {
    const options = { timeoutMs: 200, memoryBytesMax: 512 * MIB }
    expect(await codeOf(source, options)).toBe('TASK_TIMED_OUT')
  })

  it('stops a native loop when told to', async () => {
    const controller = new AbortController()
    const code = codeOf('const main = () => new Array(1e9) + ""', {
      signal: controller.signal,
      memoryBytesMax: 512 * MIB
    })
    systemClock.after(50, () => controller.abort())
    expect(await code).toBe('TASK_STOPPED')
  })
})

describe('wants all memory (27)', () => {
  it.each([
    ['many buffers', 'const a = []; for (let i = 0; i < 1000; i += 1) a.push(new Uint8Array(1e6))'],
    ['a string that doubles', 'let s = "x"; for (;;) { s += s; s.charCodeAt(3) }'],
    ['small objects', 'const a = []; for (;;) a.push({})'],
    ['a filled array', 'new Array(3e8).fill(0)'],
    ['closures in promises', 'const a = []; for (;;) a.push(Promise.resolve().then(() => a))']
  ])('%s', async (_, body) => {
    const code = await codeOf(`function main () { ${body} }`, { memoryBytesMax: 48 * MIB })
    expect(code).toBe('TASK_OUT_OF_MEMORY')
    for (const pid of executor.pids) expect(peakResidentBytes(pid)).toBeLessThan(320 * MIB)
  })

  it('names the limit', async () => {
    const source = 'function main () { const a = []; for (;;) a.push(new Uint8Array(1e6)) }'
    expect(summary(await runSource(executor, source, { memoryBytesMax: 32 * MIB }))).toMatch(
      /^TASK_OUT_OF_MEMORY: the task needed more than its 32MiB of memory; it had [\d.]+MiB/
    )
  })

  it('lets a task have what it asked for', async () => {
    const source =
      'const main = () => { const a = []; for (let i = 0; i < 100; i += 1) a.push(new Uint8Array(1e6)); return a.length }'
    expect(summary(await runSource(executor, source, { memoryBytesMax: 256 * MIB }))).toBe('100')
  })
})

describe('recurses (28)', () => {
  it.each([
    ['JSON.parse', 'JSON.parse("[".repeat(1e6))'],
    ['eval', 'eval("(".repeat(1e5))'],
    ['JSON.stringify', 'let a = []; for (let i = 0; i < 1e5; i += 1) a = [a]; JSON.stringify(a)'],
    ['toString', 'let a = []; for (let i = 0; i < 1e5; i += 1) a = [a]; String(a)'],
    ['calls', 'const f = () => f() + 1; f()'],
    [
      'a proxy of a proxy',
      'let p = {}; for (let i = 0; i < 1e5; i += 1) p = new Proxy(p, {}); p.x'
    ],
    ['a source that nests', `${'('.repeat(50_000)}1`]
  ])('%s', async (_, body) => {
    expect(await codeOf(`function main () { ${body} }`)).toBe('TASK_FAILED')
  })
})

describe('is TypeScript that means harm', () => {
  const typescript = { fields: { language: 'typescript' } } as const

  it.each([
    ['nests deeply', '('.repeat(1e5)],
    ['nests types deeply', `let a: ${'A<'.repeat(1e5)}`],
    ['is long', '[1],'.repeat(2e5)],
    ['is no text', '\0\ud800'.repeat(1e4)]
  ])('%s', async (_, source) => {
    expect(await codeOf(source, typescript)).toBe('TASK_FAILED')
    expect(await codeOf('const main = (n: number) => n', typescript)).toBeUndefined()
    for (const pid of executor.pids) expect(peakResidentBytes(pid)).toBeLessThan(320 * MIB)
  })

  it('is held to its time while it is read', async () => {
    const source = 'function f (x: string) {}\n'.repeat(4e4)
    expect(await codeOf(source, { ...typescript, timeoutMs: 1 })).toBe('TASK_TIMED_OUT')
  })
})

describe('looks around (29)', () => {
  it('finds no clock but its own', async () => {
    const source = `async function main () {
      const start = Date.now()
      for (let i = 0; i < 1e5; i += 1) await null
      const make = (() => {}).constructor
      return [Date.now() - start, make('return Date.now()')() - start, typeof Atomics, typeof performance]
    }`
    const outcome = await runSource(executor, source)
    expect(summary(outcome)).toBe('[0,0,"undefined","undefined"]')
  })

  it('harms only itself by overwriting what is ours', async () => {
    const source = `function main () {
      Reflect.apply = Reflect.ownKeys = Object.getOwnPropertyDescriptor = () => { throw 1 }
      String.prototype.replaceAll = RegExp.prototype.exec = RegExp.prototype.test = () => { throw 1 }
      ArrayBuffer = Float64Array = Uint8Array = undefined
      console.log({ a: { 'b c': new Map([[1, 2]]) } })
      console.log([1, 2])
      return [Math.random() < 1, files.bytes('x').length, files.text('x'), Date.now() > 0].length
    }`
    const outcome = await runSource(executor, source, {
      fields: { files: [{ path: 'x', text: 'é' }] }
    })
    expect(summary(outcome)).toBe('4')
    expect(textOf(outcome.log)).toContain('\n')
  })

  it('finds the language only behind constructor.constructor', async () => {
    const source = `function main () {
      const make = (() => {}).constructor
      const root = make('return this')()
      return [typeof root.process, typeof root.require, typeof root.WebAssembly, typeof root.Deno,
        typeof make('return typeof module')(), make('return typeof __filename')()]
    }`
    expect(summary(await runSource(executor, source))).toBe(
      '["undefined","undefined","undefined","undefined","string","undefined"]'
    )
  })

  it('finds no way to the host through console', async () => {
    const source = `function main () {
      const make = console.log.constructor
      return [make === Function, make('return typeof process')(), Object.keys(console.log)]
    }`
    expect(summary(await runSource(executor, source))).toBe('[true,"undefined",[]]')
  })

  it('harms only itself by overwriting built-ins', async () => {
    const source = `function main () {
      Object.prototype.polluted = 'yes'
      Array.prototype.map = () => 'mine'
      Promise.prototype.then = () => 'mine'
      JSON.stringify = JSON.parse = () => 'mine'
      globalThis.leak = 1
      String.prototype.slice = () => { throw 1 }
      console.log('text', { a: 1 })
      progress(0.5, 'half')
      console.log = progress = null
      return { a: 1 }
    }`
    const outcome = await runSource(executor, source)
    expect(textOf(outcome.log)).toBe('text { a: 1 }\n')
    expect(outcome.progress).toEqual([{ ratio: 0.5, text: 'half' }])
    expect(outcome.output).toBe('{"a":1}')
  })

  it('cannot forge another end than its own', async () => {
    const source = `function main () { return { type: 'done', output: '1', fault: { code: 'SANDBOX_CRASHED' } } }`
    expect(JSON.parse((await runSource(executor, source)).output ?? '')).toHaveProperty(
      'type',
      'done'
    )
  })

  it('leaves no secret of the parent in the host', async () => {
    process.env['TASKMESH_TEST_SECRET'] = 'hunter2'
    const fresh = createExecutor(1)
    await fresh.start()
    const environments = fresh.pids.map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
    await fresh.stop()
    delete process.env['TASKMESH_TEST_SECRET']
    expect(environments).toHaveLength(1)
    const names = (environments[0] ?? '').split('\0').map((entry) => entry.split('=')[0])
    expect(names.filter((name) => name !== '' && !name?.startsWith('NODE_CHANNEL'))).toEqual(['TZ'])
  })
})

describe('fault 24: floods', () => {
  it.each([
    ['a long text', '"x".repeat(5e6)'],
    ['a text of wide characters', '"é".repeat(3e6)'],
    ['a huge text', '"x".repeat(5e7)'],
    ['many items', 'new Array(3e6).fill(1)']
  ])('the result with %s', async (_, value) => {
    expect(await codeOf(`const main = () => ${value}`, { memoryBytesMax: 512 * MIB })).toBe(
      'TASK_OUTPUT_TOO_LARGE'
    )
  })

  it.each([
    ['lines without end', 'for (;;) console.log("line")'],
    ['one huge line', 'console.log("x".repeat(1e7)); for (;;);'],
    ['empty lines', 'for (;;) console.log()'],
    ['lines on both streams', 'for (;;) { console.log("line"); console.error("line") }'],
    ['empty lines on both streams', 'for (;;) { console.log(); console.error() }'],
    ['a line of NULs', 'console.log("\\0".repeat(60_000)); for (;;) console.error("line")']
  ])('the log with %s', async (_, body) => {
    const outcome = await runSource(executor, `function main () { ${body} }`, { timeoutMs: 400 })
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(Buffer.byteLength(textOf(outcome.log))).toBeLessThanOrEqual(65_536)
    expect(textOf(outcome.log).length).toBeGreaterThan(1_000)
    expect(outcome.late).toEqual([])
  })

  it.each([
    ['reports without end', 'for (let i = 0; ; i += 1) progress(i / 1e9)', { ratio: 0 }],
    [
      'huge texts',
      'for (;;) progress(0.5, "x".repeat(1e6))',
      { ratio: 0.5, text: 'x'.repeat(200) }
    ],
    [
      'texts of NULs',
      'for (;;) progress(0, "\\0".repeat(300))',
      { ratio: 0, text: '\0'.repeat(200) }
    ],
    [
      'reports from a promise',
      'return (async () => { for (;;) progress(await 1) })()',
      { ratio: 1 }
    ]
  ])('the progress with %s', async (_, body, first) => {
    const outcome = await runSource(executor, `function main () { ${body} }`, { timeoutMs: 450 })
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(outcome.progress[0]).toEqual(first)
    expect(outcome.progress.length).toBeGreaterThan(2)
    // Ten a second until the interrupt or, at the latest, the kill, and the last word.
    expect(outcome.progress.length).toBeLessThanOrEqual(8)
    expect(outcome.late).toEqual([])
  })
})

describe('reports what is no progress', () => {
  it.each([
    ['nothing', '', 'undefined'],
    ['NaN', '0 / 0', 'NaN'],
    ['a text', '"0.5"', 'string'],
    ['a BigInt', '1n', 'bigint'],
    ['a symbol', 'Symbol.iterator', 'symbol'],
    ['an object that counts its readers', '{ get valueOf () { for (;;); } }', 'object'],
    ['a proxy', 'new Proxy({}, { get () { for (;;); } })', 'object']
  ])('%s', async (_, value, type) => {
    const outcome = await runSource(executor, `function main () { progress(${value}) }`)
    expect(summary(outcome)).toBe(
      `TASK_FAILED: TypeError: progress(ratio, text) needs a ratio from 0 to 1, not ${type} (line 1, column 28)`
    )
    expect(outcome.progress).toEqual([])
  })

  it('a text that harms who reads it', async () => {
    const loop = 'function main () { progress(0, { toString () { for (;;); } }) }'
    expect(await codeOf(loop, { timeoutMs: 200 })).toBe('TASK_TIMED_OUT')
    const thrower = 'function main () { progress(0, { toString () { throw new Error("mine") } }) }'
    expect(summary(await runSource(executor, thrower))).toContain('Error: mine')
    const again =
      'function main () { let n = 0; progress(0, { toString () { if (n++ < 9) progress(n / 9); return n } }) }'
    expect((await runSource(executor, again)).progress.at(-1)).toEqual({ ratio: 0, text: '1' })
  })
})

it('leaves a neighbour alone (32)', async () => {
  const three = createExecutor(3)
  await three.start()
  const [looping, hoarding, ...good] = await Promise.all([
    runSource(three, 'const main = () => new Array(1e9) + ""', { timeoutMs: 1_000 }),
    runSource(three, 'const main = () => { const a = []; for (;;) a.push({}) }'),
    runSource(
      three,
      'const main = (n) => { let s = 0; for (let i = 0; i < n; i += 1) s += i; return s }',
      {
        input: 1e5
      }
    )
  ])
  await three.stop()
  expect(['TASK_TIMED_OUT', 'TASK_OUT_OF_MEMORY']).toContain(looping.error?.code)
  expect(hoarding.error?.code).toBe('TASK_OUT_OF_MEMORY')
  expect(good.map(summary)).toEqual(['4999950000'])
})

/** The most memory that a process ever occupied. */
function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1_024
}
