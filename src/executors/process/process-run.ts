/**
 * One task from its start to its end: its time, the reason for which it was ended, what it leaves.
 * `run` resolves only when no process of the task is left.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { ProgramChild } from './program-child.ts'
import { ProgramLog } from './program-log.ts'
import { ProgramOutput } from './program-output.ts'
import { TaskHold } from './task-hold.ts'
import { closeFifo } from './fifo-store.ts'
import { collectOutputs } from './output-collector.ts'
import { deferred, sleep, whenAborted } from '../../core/abort.ts'
import { handOver, requireOutputs } from '../output-handover.ts'
import { descendants, isAlive, signalAll } from './process-tree.ts'
import {
  crashed,
  encodeResult,
  failureOf,
  notUnpacked,
  outOfDisk,
  outOfMemory,
  outputTooLarge
} from './process-outcome.ts'
import { stopped, timedOut } from '../task-ends.ts'
import type { Cell, Enclosure } from './enclosure.ts'
import type { Clock } from '../../core/clock.ts'
import type { FifoStore } from './fifo-store.ts'
import type { JobGroups } from './job-groups.ts'
import type { ProgramEnd } from './process-outcome.ts'
import type { ProgramRequest, ProgramStreams } from './program-child.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'

export interface ProcessRunComponents {
  clock: Clock
  enclosure: Enclosure
  fifos: FifoStore
  groups: JobGroups
}

export type ProcessTerms = Omit<TaskRun, 'task' | 'programPath' | 'onProgress'>

type Result = Pick<TaskOutcome, 'output' | 'error'>

/** For the kernel to take down what was killed; some milliseconds as a rule. */
const GONE_MS_MAX = 5_000
const GONE_PERIOD_MS = 2

export class ProcessRun {
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>
  readonly #components: ProcessRunComponents
  readonly #request: ProgramRequest
  readonly #terms: ProcessTerms
  readonly #startedMs: number
  readonly #log: ProgramLog
  readonly #stdout = new ProgramOutput()
  readonly #cancels: (() => void)[] = []
  readonly #ended = deferred<void>()
  #child: ProgramChild | undefined
  #cell: Cell | undefined
  #hold: TaskHold | undefined
  #folder: string | undefined
  /** The enclosure's own processes and the task's first, outermost first; none before the gate. */
  #firstPids: readonly number[] = []
  /** Nothing of it is left: its process ids may be others' by now. */
  #isGone = false
  /** Why it was ended from outside; the first reason counts. */
  #verdict: MeshError | undefined

  constructor(components: ProcessRunComponents, request: ProgramRequest, terms: ProcessTerms) {
    this.ended = this.#ended.promise
    this.#components = components
    this.#request = request
    this.#terms = terms
    this.#startedMs = components.clock.monotonicMs()
    this.#log = new ProgramLog(components.clock, terms.onLog)
  }

  /** Called once. Never rejects. */
  async run(): Promise<TaskOutcome> {
    let result: Result
    this.#guard()
    try {
      result = await this.#runProgram()
    } catch (cause) {
      result = { error: MeshError.from(cause, 'SANDBOX_CRASHED') }
    }
    for (const cancel of this.#cancels) cancel()
    await this.#takeDown()
    this.#log.finish()
    if (result.error !== undefined) this.#log.showOutput(this.#stdout.bytes)
    const usage = this.#usage()
    await this.#hold?.release()
    if (result.error === undefined) result = await this.#publish(result)
    await this.#cell?.close()
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
    const cell = await enclosure.open({ ...this.#terms, ...this.#request })
    this.#cell = cell
    const streams = await this.#takeStreams()
    if (this.#verdict !== undefined) {
      Object.values(streams).forEach(closeFifo)
      return { error: this.#verdict }
    }
    const child = new ProgramChild(cell, this.#request, {
      streams,
      onStdout: (chunk) => this.#takeStdout(chunk),
      onStderr: (chunk) => this.#log.write(chunk),
      // What it left behind may hold its streams open, and would keep it from ever being over.
      onExit: () => void this.#takeDown()
    })
    this.#child = child
    const word = await child.atGate
    if (word === 'ready') this.#letGo(cell, child)
    const end = await child.exited
    this.#isGone = await this.#takeDown()
    this.#log.finish()
    const { tail } = this.#log
    if (this.#hold?.isOutOfMemory === true)
      return { error: outOfMemory(this.#terms.memoryBytesMax) }
    if (this.#verdict !== undefined) return { error: this.#verdict }
    if (word === 'unpacked nothing') return { error: notUnpacked(tail) }
    if (word === 'closed') return { error: crashed(end, tail) }
    const failure = await this.#failureOf(end)
    return failure === undefined ? { output: await this.#result() } : { error: failure }
  }

  async #takeStreams(): Promise<ProgramStreams> {
    const { fifos } = this.#components
    return { stdout: await fifos.take(), stderr: await fifos.take() }
  }

  /** All waits: takes hold of processes and folder, then lets the program begin. */
  #letGo(cell: Cell, child: ProgramChild): void {
    if (child.pid === undefined || this.#verdict !== undefined) return
    this.#firstPids = [child.pid, ...descendants(child.pid)]
    this.#folder = cell.enter(this.#firstPids)
    this.#hold = new TaskHold(this.#components, {
      cell,
      limits: this.#terms,
      folder: this.#folder,
      pids: this.#firstPids.slice(Math.max(0, cell.wrapperCount - 1)),
      onExceeded: (verdict) => this.kill(verdict)
    })
    child.letGo()
  }

  #guard(): void {
    const { clock } = this.#components
    const { killSignal, signal, timeoutMs } = this.#terms
    this.#cancels.push(
      clock.after(timeoutMs, () => this.kill(timedOut(timeoutMs))),
      whenAborted(signal, () => this.#stop()),
      whenAborted(killSignal, () => this.kill(stopped()))
    )
  }

  /** Asks the task's own processes first: what they write before they go is worth a moment. */
  #stop(): void {
    const wrappers = this.#firstPids.slice(0, this.#cell?.wrapperCount ?? 0)
    if (this.#firstPids.length === 0 || this.#isGone) return this.kill(stopped())
    this.#verdict ??= stopped()
    signalAll(
      this.#pids().filter((pid) => !wrappers.includes(pid)),
      'SIGTERM'
    )
  }

  #takeStdout(chunk: Uint8Array): void {
    if (!this.#stdout.add(chunk)) this.kill(outputTooLarge())
  }

  async #publish(result: Result): Promise<Result> {
    try {
      await handOver(this.#folder ?? '', this.#terms)
      return result
    } catch (cause) {
      return { error: MeshError.from(cause) }
    }
  }

  async #result(): Promise<string> {
    const { outputs } = this.#request
    const stdout = this.#stdout.bytes
    await requireOutputs(this.#folder ?? '', this.#terms.outputs)
    if (outputs.length === 0 || this.#folder === undefined) return encodeResult(stdout)
    const bytesMax = LIMITS.resultBytesMax - stdout.length
    return encodeResult(stdout, await collectOutputs(this.#folder, outputs, { bytesMax }))
  }

  async #failureOf(end: ProgramEnd): Promise<MeshError | undefined> {
    const failure = failureOf(end, this.#log.tail)
    const isFull = await this.#hold?.isOutOfDisk(failure !== undefined)
    return isFull === true ? outOfDisk(this.#cell?.diskBytesMax ?? 0, failure) : failure
  }

  /**
   * First its process group, as one: a sandbox that loses its parent between the fork and its promise
   * to die with it would stay for ever. Once inside, it takes down all that is in it.
   */
  #killAll(): void {
    const pid = this.#child?.pid
    if (pid === undefined || this.#isGone) return
    if (this.#firstPids.length === 0) this.#child?.abandon()
    signalAll([-pid, ...this.#pids()], 'SIGKILL')
    this.#hold?.kill()
  }

  /** Ends what is left, and waits until the kernel says that it is gone. False when that took too long. */
  async #takeDown(): Promise<boolean> {
    const { clock } = this.#components
    if (this.#isGone) return true
    const left = this.#pids()
    if (left.some(isAlive)) this.#killAll()
    const deadlineMs = clock.monotonicMs() + GONE_MS_MAX
    // In this order: what left the tree is looked for even when all that is in it has gone.
    while (this.#hold?.kill() === true || left.some(isAlive)) {
      // Whatever it is then, it is not waited for.
      if (clock.monotonicMs() >= deadlineMs) {
        this.#child?.turnAway()
        return false
      }
      await sleep(clock, GONE_PERIOD_MS)
    }
    return true
  }

  #pids(): number[] {
    const pid = this.#child?.pid
    return pid === undefined ? [] : [...new Set([...this.#firstPids, pid, ...descendants(pid)])]
  }

  #usage(): TaskOutcome['usage'] {
    const wallMs = this.#components.clock.monotonicMs() - this.#startedMs
    return { wallMs, ...this.#hold?.usage() }
  }
}
