/**
 * One task from its start to its end: the limits that are held from outside, the reason for which it
 * was ended, what it leaves. `run` resolves only when no process of the task is left.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { PROCESSES_MAX } from './resource-limits.ts'
import { ProgramChild } from './program-child.ts'
import { StderrLog } from './stderr-log.ts'
import { TreeWatch } from './tree-watch.ts'
import { collectOutputs } from './output-collector.ts'
import { deferred, sleep } from '../../core/abort.ts'
import { descendants, isAlive, signalAll } from './process-tree.ts'
import {
  crashed,
  encodeResult,
  failureOf,
  notUnpacked,
  outOfMemory,
  outputTooLarge,
  stopped,
  timedOut
} from './process-outcome.ts'
import type { Cell, Enclosure } from './enclosure.ts'
import type { Clock } from '../../core/clock.ts'
import type { JobGroup, JobGroups } from './job-groups.ts'
import type { ProgramRequest } from './program-child.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'

export interface ProcessRunComponents {
  clock: Clock
  enclosure: Enclosure
  groups: JobGroups
}

export type ProcessTerms = Omit<TaskRun, 'task' | 'onProgress'>

type Result = Pick<TaskOutcome, 'output' | 'error'>

/** From the polite request to the end. */
const STOP_GRACE_MS = 2_000
/** For the kernel to take down what was killed; some milliseconds as a rule. */
const GONE_MS_MAX = 5_000
const GONE_PERIOD_MS = 2
/** What the enclosure's own processes and files need, beside the task's. */
const WRAPPER_BYTES = 8 * 2 ** 20

export class ProcessRun {
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>
  readonly #components: ProcessRunComponents
  readonly #request: ProgramRequest
  readonly #terms: ProcessTerms
  readonly #startedMs: number
  readonly #log: StderrLog
  readonly #stdout: Uint8Array[] = []
  readonly #cancels: (() => void)[] = []
  readonly #ended = deferred<void>()
  #stdoutBytes = 0
  #child: ProgramChild | undefined
  #cell: Cell | undefined
  #group: JobGroup | undefined
  #watch: TreeWatch | undefined
  #folder: string | undefined
  /** The enclosure's own processes and the task's first, outermost first; none before the gate. */
  #firstPids: readonly number[] = []
  /** Why it was ended from outside; the first reason counts. */
  #verdict: MeshError | undefined

  constructor(components: ProcessRunComponents, request: ProgramRequest, terms: ProcessTerms) {
    this.ended = this.#ended.promise
    this.#components = components
    this.#request = request
    this.#terms = terms
    this.#startedMs = components.clock.monotonicMs()
    this.#log = new StderrLog(components.clock, terms.onLog)
  }

  /** Called once. Never rejects. */
  async run(): Promise<TaskOutcome> {
    let result: Result
    try {
      result = await this.#runProgram()
    } catch (cause) {
      result = { error: MeshError.from(cause, 'SANDBOX_CRASHED') }
    }
    for (const cancel of this.#cancels) cancel()
    await this.#takeDown()
    this.#log.finish()
    const usage = this.#usage()
    this.#cell?.close()
    await this.#group?.remove()
    this.#ended.resolve()
    return { ...result, logsDroppedBytes: this.#log.droppedBytes, usage }
  }

  /** Ends it at once; its outcome is `verdict` unless there was a reason before. */
  kill(verdict: MeshError): void {
    this.#verdict ??= verdict
    this.#killAll()
  }

  async #runProgram(): Promise<Result> {
    const { enclosure } = this.#components
    const { memoryBytesMax } = this.#terms
    const cell = enclosure.open({ env: this.#request.env, memoryBytesMax })
    this.#cell = cell
    const child = new ProgramChild(cell, this.#request, {
      onStdout: (chunk) => this.#takeStdout(chunk),
      onStderr: (chunk) => this.#log.write(chunk),
      onExit: () => this.#killAll()
    })
    this.#child = child
    this.#guard()
    const word = await child.atGate
    if (word === 'ready') this.#letGo(cell, child)
    const end = await child.exited
    await this.#takeDown()
    this.#log.finish()
    if (this.#group?.figures().isOutOfMemory === true) return { error: outOfMemory(memoryBytesMax) }
    if (this.#verdict !== undefined) return { error: this.#verdict }
    const { tail } = this.#log
    if (word === 'unpacked nothing') return { error: notUnpacked(tail) }
    if (word === 'closed') return { error: crashed(end, tail) }
    const failure = failureOf(end, tail)
    return failure === undefined ? { output: await this.#result() } : { error: failure }
  }

  /** All waits: takes hold of processes and folder, then lets the program begin. */
  #letGo(cell: Cell, child: ProgramChild): void {
    if (child.pid === undefined || this.#verdict !== undefined) return
    this.#firstPids = [child.pid, ...descendants(child.pid)]
    this.#folder = cell.enter(this.#firstPids)
    this.#holdMemory(cell, this.#firstPids.slice(Math.max(0, cell.wrapperCount - 1)))
    child.letGo()
  }

  /** @param pids of what is to be held; the outermost stays outside, to tell how the rest ended */
  #holdMemory({ memoryFolders }: Cell, pids: readonly number[]): void {
    const { clock, groups } = this.#components
    const { memoryBytesMax } = this.#terms
    const bytesMax = memoryBytesMax + WRAPPER_BYTES
    this.#group = groups.create(bytesMax, PROCESSES_MAX)
    if (this.#group !== undefined) return this.#group.add(pids)
    const watch = new TreeWatch(clock, {
      pid: pids[0] ?? 0,
      memoryFolders,
      memoryBytesMax: bytesMax,
      onExceeded: () => this.kill(outOfMemory(memoryBytesMax))
    })
    this.#watch = watch
    this.#cancels.push(() => watch.stop())
  }

  #guard(): void {
    const { clock } = this.#components
    const { signal, timeoutMs } = this.#terms
    const stop = (): void => this.#stop()
    this.#cancels.push(
      clock.after(timeoutMs, () => this.kill(timedOut(timeoutMs))),
      () => signal.removeEventListener('abort', stop)
    )
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  }

  /** Asks the task's own processes first: what they write before they go is worth a moment. */
  #stop(): void {
    const { clock } = this.#components
    const wrappers = this.#firstPids.slice(0, this.#cell?.wrapperCount ?? 0)
    if (this.#firstPids.length === 0) return this.kill(stopped())
    this.#verdict ??= stopped()
    signalAll(
      this.#pids().filter((pid) => !wrappers.includes(pid)),
      'SIGTERM'
    )
    this.#cancels.push(clock.after(STOP_GRACE_MS, () => this.#killAll()))
  }

  #takeStdout(chunk: Uint8Array): void {
    this.#stdoutBytes += chunk.byteLength
    if (this.#stdoutBytes > LIMITS.resultBytesMax) this.kill(outputTooLarge())
    else this.#stdout.push(chunk)
  }

  async #result(): Promise<string> {
    const { outputs } = this.#request
    const stdout = Buffer.concat(this.#stdout)
    if (outputs.length === 0 || this.#folder === undefined) return encodeResult(stdout)
    const bytesMax = LIMITS.resultBytesMax - stdout.length
    return encodeResult(stdout, await collectOutputs(this.#folder, outputs, { bytesMax }))
  }

  /**
   * First its process group, as one: a sandbox that loses its parent between the fork and its promise
   * to die with it would stay for ever. Once inside, it takes down all that is in it.
   */
  #killAll(): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    if (this.#firstPids.length === 0) this.#child?.abandon()
    signalAll([-pid, ...this.#pids()], 'SIGKILL')
    this.#group?.kill()
  }

  /** Ends what is left, and waits until the kernel says that it is gone. */
  async #takeDown(): Promise<void> {
    const { clock } = this.#components
    const left = this.#pids()
    if (left.some(isAlive)) this.#killAll()
    const deadlineMs = clock.monotonicMs() + GONE_MS_MAX
    while (left.some(isAlive) && clock.monotonicMs() < deadlineMs) {
      await sleep(clock, GONE_PERIOD_MS)
    }
  }

  #pids(): number[] {
    const pid = this.#child?.pid
    return pid === undefined ? [] : [...new Set([...this.#firstPids, pid, ...descendants(pid)])]
  }

  #usage(): TaskOutcome['usage'] {
    const { cpuMs, peakMemoryBytes } = this.#group?.figures() ?? this.#watch?.figures() ?? {}
    return {
      wallMs: this.#components.clock.monotonicMs() - this.#startedMs,
      ...(cpuMs === undefined ? {} : { cpuMs }),
      ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes })
    }
  }
}
