/**
 * Fuzzes one target: makes inputs of those that it has, reads them, and keeps each that reached code which none
 * had reached before, so that the next are made of it. The same seed makes the same inputs.
 */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isErrorCode, messageOf } from '../../src/core/errors.ts'
import { mutateBytes } from './byte-mutations.ts'
import { Dice } from './dice.ts'
import { FORMS } from './forms.ts'
import { mutateTree } from './tree-mutations.ts'
import type { Coverage } from './coverage.ts'
import type { FuzzTarget } from './target.ts'
import type { Finding, TargetReport } from './report.ts'

export interface FuzzingInit {
  inputCount: number
  /** Ends sooner once so much time has gone by. */
  msMax: number
  seed: number
  /** Without it nothing is learnt on the way: for a few inputs it costs more than it finds. */
  coverage?: Coverage | undefined
  /** Hears of each input before it is read: whoever watches knows then which one did not end. */
  onInput?: ((input: Uint8Array) => void) | undefined
}

export const INPUT_BYTES_MAX = 65_536
/** Seldom an input is that long: what costs too much does so with long inputs first. */
export const LONG_INPUT_BYTES_MAX = 2 ** 20
const LONG_ONE_IN = 256

const CORPUS_MAX = 4_096
const BATCH_MIN = 32
const BATCH_MAX = 1_024
const FINDINGS_MAX = 5
const SAMPLES_MAX = 4_096
/** Inputs after which the engine has made itself at home, and memory is looked at for the first time. */
const WARM_SHARE = 0.2

export async function fuzz(target: FuzzTarget, init: FuzzingInit): Promise<TargetReport> {
  return await new Fuzzing(target, init).run()
}

class Fuzzing {
  readonly #target: FuzzTarget
  readonly #init: FuzzingInit
  readonly #dice: Dice
  readonly #corpus: Uint8Array[] = []
  readonly #outcomes: Record<string, number> = {}
  readonly #findings = new Map<string, Finding>()
  readonly #samples: number[] = []
  #readCount = 0
  #newBlocks = 0
  #slowestMs = 0
  #slowest: Uint8Array = new Uint8Array()

  constructor(target: FuzzTarget, init: FuzzingInit) {
    this.#target = target
    this.#init = init
    this.#dice = new Dice(init.seed)
  }

  async run(): Promise<TargetReport> {
    const { coverage, inputCount, msMax } = this.#init
    const beganMs = performance.now()
    coverage?.reset()
    const seedBlocks = await this.#readSeeds()
    let batch = BATCH_MIN
    let warmBytes: number | undefined
    const isOver = (): boolean =>
      this.#readCount >= inputCount || performance.now() - beganMs > msMax
    while (!isOver()) {
      // Each batch begins from what the one before it has found.
      // oxlint-disable-next-line no-await-in-loop
      const hasNew = await this.#readBatch(Math.min(batch, inputCount - this.#readCount))
      batch = hasNew ? Math.max(BATCH_MIN, batch >> 1) : Math.min(BATCH_MAX, batch * 2)
      const share = Math.max(this.#readCount / inputCount, (performance.now() - beganMs) / msMax)
      // oxlint-disable-next-line no-await-in-loop
      if (share >= WARM_SHARE) warmBytes ??= await this.#otherBytes()
    }
    const endBytes = await this.#otherBytes()
    const sorted = this.#samples.toSorted((left, right) => left - right)
    return {
      target: this.#target.name,
      inputs: this.#readCount,
      seconds: (performance.now() - beganMs) / 1_000,
      outcomes: this.#outcomes,
      seedBlocks,
      newBlocks: this.#newBlocks,
      corpus: this.#corpus.length,
      heapGrowthBytes: Math.max(0, endBytes - (warmBytes ?? Infinity)),
      medianMs: sorted[sorted.length >> 1] ?? 0,
      slowestMs: this.#slowestMs,
      slowestBytes: this.#slowest.byteLength,
      findings: [...this.#findings.values()]
    }
  }

  async #readSeeds(): Promise<number> {
    const { coverage } = this.#init
    const seeds = await this.#target.seeds()
    for (const seed of seeds) {
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await this.#read(seed)
      if (outcome !== 'read') this.#find(seed, `a seed is refused: ${outcome}`)
      this.#corpus.push(seed)
    }
    if (seeds.length === 0) throw new Error(`${this.#target.name} has no seeds`)
    return coverage === undefined ? 0 : coverage.note(coverage.take())
  }

  /** @returns whether it has reached blocks that none had before */
  async #readBatch(count: number): Promise<boolean> {
    const { coverage } = this.#init
    const inputs = Array.from({ length: count }, () => this.#makeInput())
    for (const input of inputs) {
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await this.#read(input)
      this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1
      this.#readCount += 1
    }
    const blocks = coverage?.take()
    if (coverage === undefined || blocks === undefined || blocks.size === 0) return false
    await this.#keepThoseBehind(inputs, coverage)
    // What is done once only, such as compiling a schema, no second reading shows.
    this.#newBlocks += coverage.note(blocks)
    return true
  }

  /** Reads inputs again, by halves, until it is known which of them reach something new. */
  async #keepThoseBehind(inputs: readonly Uint8Array[], coverage: Coverage): Promise<void> {
    const [first] = inputs
    if (first === undefined) return
    for (const input of inputs) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#read(input)
    }
    const blocks = coverage.take()
    if (blocks.size === 0) return
    if (inputs.length === 1) {
      this.#newBlocks += coverage.note(blocks)
      this.#keep(first)
      return
    }
    const half = inputs.length >> 1
    await this.#keepThoseBehind(inputs.slice(0, half), coverage)
    await this.#keepThoseBehind(inputs.slice(half), coverage)
  }

  #makeInput(): Uint8Array {
    const dice = this.#dice
    const bytesMax = dice.oneIn(LONG_ONE_IN) ? LONG_INPUT_BYTES_MAX : INPUT_BYTES_MAX
    const input = this.#pick()
    const other = this.#pick()
    if (!dice.oneIn(3)) {
      const changed = this.#changeTree(input, other)
      if (changed !== undefined && changed.byteLength <= bytesMax) return changed
    }
    return mutateBytes(input, dice, { bytesMax, other })
  }

  #changeTree(input: Uint8Array, other: Uint8Array): Uint8Array | undefined {
    const form = FORMS[this.#target.form]
    const tree = form?.parse(input)
    if (form === undefined || tree === undefined) return undefined
    return form.write(mutateTree(tree, this.#dice, form.parse(other) ?? tree))
  }

  /** One time in two of those that were found last. */
  #pick(): Uint8Array {
    const count = this.#corpus.length
    const from = this.#dice.oneIn(2) ? count - Math.min(count, 16) : 0
    return this.#corpus[from + this.#dice.below(count - from)] as Uint8Array
  }

  #keep(input: Uint8Array): void {
    if (this.#corpus.length < CORPUS_MAX) this.#corpus.push(input)
    else this.#corpus[this.#dice.below(CORPUS_MAX)] = input
  }

  /** @returns `read`, or the code with which it was refused */
  async #read(input: Uint8Array): Promise<string> {
    this.#init.onInput?.(input)
    const beganMs = performance.now()
    const outcome = await this.#outcomeOf(input)
    const tookMs = performance.now() - beganMs
    this.#samples[this.#readCount % SAMPLES_MAX] = tookMs
    if (tookMs > this.#slowestMs) await this.#lookAgain(input, tookMs)
    return outcome
  }

  /** Read again, it takes what it takes: a collection may have come between, or a schema was compiled. */
  async #lookAgain(input: Uint8Array, tookMs: number): Promise<void> {
    const beganMs = performance.now()
    await this.#outcomeOf(input)
    const leastMs = Math.min(tookMs, performance.now() - beganMs)
    if (leastMs <= this.#slowestMs) return
    this.#slowestMs = leastMs
    this.#slowest = input
  }

  async #outcomeOf(input: Uint8Array): Promise<string> {
    const { read, refusals } = this.#target
    try {
      // Handed over as a copy, which it may change or keep.
      const reading = read(Uint8Array.from(input))
      if (reading instanceof Promise) {
        await reading
        // What it has left for later is done too, before the next one comes.
        await setImmediate()
      }
      return this.#isPolluted(input) ? 'polluted' : 'read'
    } catch (cause) {
      const code: unknown = (cause as { code?: unknown } | undefined)?.code
      const { name } = cause as Error
      if (name === 'MeshError' && isErrorCode(code) && refusals.includes(code)) return code
      this.#find(input, `${name} ${typeof code === 'string' ? code : ''}: ${wordsOf(cause)}`)
      return 'finding'
    }
  }

  #isPolluted(input: Uint8Array): boolean {
    const added = Object.keys(Object.prototype)
    if (added.length === 0) return false
    this.#find(input, `every object has ${added.join(', ')} since then`)
    for (const key of added) Reflect.deleteProperty(Object.prototype, key)
    return true
  }

  /** One of each kind is enough. */
  #find(input: Uint8Array, what: string): void {
    const kind = what.replaceAll(/\d+|"[^"]*"/g, '').slice(0, 80)
    if (this.#findings.size < FINDINGS_MAX && !this.#findings.has(kind)) {
      this.#findings.set(kind, { what, input: base64(input) })
    }
  }

  /** What this thread holds besides the inputs. */
  async #otherBytes(): Promise<number> {
    collectGarbage()
    // Buffers are given back after a collection, and those that hung on them after the next.
    await setImmediate()
    collectGarbage()
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    const corpusBytes = this.#corpus.reduce((sum, input) => sum + input.byteLength, 0)
    return heapUsed + arrayBuffers - corpusBytes
  }
}

function wordsOf(cause: unknown): string {
  const [, at = ''] = (cause as Error).stack?.split('\n    at ') ?? []
  return `${messageOf(cause).slice(0, 300)} (${at})`
}

function base64(input: Uint8Array): string {
  return Buffer.from(input).toString('base64')
}

let collect: (() => void) | undefined

function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}
