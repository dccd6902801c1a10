/**
 * One task of engine `function`: its turn, its time, its end. A call that is told to end is asked first;
 * after a grace its thread is ended, or, where it runs inline and nothing can end it, the task is answered
 * and the call left behind with its turn.
 */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { deferred, whenAborted } from '../../core/abort.ts'
import { errorOfFault } from './function-fault.ts'
import { formatDuration } from '../../core/units.ts'
import { handOver, requireOutputs } from '../output-handover.ts'
import { neverBegan, stopped, timedOut } from '../task-ends.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FunctionCall, FunctionEnd, RunningCall } from './function-call.ts'
import type { FunctionEventListener } from './function-event.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'
import type { Turns } from './turns.ts'

export interface FunctionRunComponents {
  clock: Clock
  turns: Turns
  /** Starts the call. */
  start: (call: FunctionCall) => RunningCall
  onEvent: FunctionEventListener
  /** From a time limit, or the engine's own end, to the end by force, in milliseconds. */
  graceMs: number
  /** In which calls get a folder for what they are to leave. */
  folder: string
}

export interface FunctionTerms extends Omit<TaskRun, 'task'> {
  /** Of the function. */
  name: string
  input: unknown
}

/**
 * How long a task waits for its turn while others have the function; then it may find one elsewhere. This
 * wait, that for a slot and the grace after a time-out are together less than a router waits beyond the
 * time limit, or it would take this worker for lost.
 */
const TURN_WAIT_MS = 5_000

export class FunctionRun {
  /** Resolves with the outcome; rejects with a MeshError where the call never began and the task is not to blame. */
  readonly ended: Promise<TaskOutcome>
  readonly #components: FunctionRunComponents
  readonly #terms: FunctionTerms
  readonly #ending = new AbortController()
  readonly #graceOver = deferred<undefined>()
  readonly #cancels: CancelTimer[] = []
  #call: RunningCall | undefined
  /** Nothing that the call says is heard any more. */
  #isOver = false
  /** Why it was told to end; the first reason counts. */
  #verdict: MeshError | undefined

  /** Begins at once. */
  constructor(components: FunctionRunComponents, terms: FunctionTerms) {
    this.#components = components
    this.#terms = terms
    this.ended = this.#run().finally(() => this.#release())
  }

  /** Asks the call to end, and soon ends it by force; its outcome is `verdict` unless there was a reason before. */
  end(verdict: MeshError): void {
    this.#ask(verdict)
    this.#after(this.#components.graceMs, () => this.#force())
  }

  #ask(verdict: MeshError): void {
    if (this.#verdict !== undefined) return
    this.#verdict = verdict
    this.#ending.abort(verdict)
  }

  #force(): void {
    if (this.#call?.kill === undefined) this.#graceOver.resolve(undefined)
    else this.#call.kill()
  }

  async #run(): Promise<TaskOutcome> {
    const { turns } = this.#components
    this.#heedStop()
    const hasTurn = await this.#takeTurn()
    // Its turn may have come in the same moment as its end.
    if (this.#verdict === undefined) return await this.#callInTurn()
    if (hasTurn) turns.release()
    if (this.#verdict.code !== 'TASK_STOPPED') throw this.#verdict
    return neverBegan(this.#verdict)
  }

  async #takeTurn(): Promise<boolean> {
    const { clock, turns } = this.#components
    const cancel = clock.after(TURN_WAIT_MS, () => this.end(busy(this.#terms.name)))
    try {
      await turns.take(this.#ending.signal)
      return true
    } catch {
      return false
    } finally {
      cancel()
    }
  }

  async #callInTurn(): Promise<TaskOutcome> {
    const { clock, onEvent, start, turns } = this.#components
    const { input, inputs, name, onLog, onProgress, origin, outputs, seed, timeoutMs } = this.#terms
    const outputFolder = outputs.length === 0 ? undefined : this.#makeFolder()
    const startedMs = clock.monotonicMs()
    this.#after(timeoutMs, () => this.end(timedOut(timeoutMs)))
    onEvent({ type: 'started', name, seed })
    const call = start({
      input,
      origin,
      seed,
      inputs: Object.fromEntries(inputs.map(({ path, source }) => [path, source])),
      outputFolder,
      signal: this.#ending.signal,
      // One that is left behind may go on talking.
      onLog: (entry) => this.#isOver || onLog(entry),
      onProgress: (progress) => this.#isOver || onProgress(progress)
    })
    this.#call = call
    const over = call.ended.finally(() => turns.release())
    const end = await Promise.race([over, this.#graceOver.promise])
    this.#isOver = true
    const wallMs = clock.monotonicMs() - startedMs
    const outcome = await this.#publish(outcomeOf(end, this.#verdict, wallMs), outputFolder)
    const { error } = outcome
    if (error === undefined) onEvent({ type: 'completed', name, seed, wallMs })
    else onEvent({ type: 'failed', name, seed, wallMs, error })
    const gone = over.then(() => removeFolder(outputFolder))
    if (end === undefined) return { ...outcome, lingering: gone }
    await gone
    return outcome
  }

  #makeFolder(): string {
    const { folder, turns } = this.#components
    try {
      return mkdtempSync(join(folder, 'call-'))
    } catch (cause) {
      turns.release()
      throw MeshError.from(cause)
    }
  }

  /** What is told to end from here on has ended, and time is no longer its own. */
  async #publish(outcome: TaskOutcome, folder: string | undefined): Promise<TaskOutcome> {
    this.#release()
    if (outcome.error !== undefined || folder === undefined) return outcome
    try {
      await requireOutputs(folder, this.#terms.outputs)
      await handOver(folder, this.#terms)
      return outcome
    } catch (cause) {
      const { output: _, ...rest } = outcome
      return { ...rest, error: MeshError.from(cause) }
    }
  }

  #heedStop(): void {
    const { killSignal, signal } = this.#terms
    this.#cancels.push(
      whenAborted(signal, () => this.#ask(stopped())),
      whenAborted(killSignal, () => this.#force())
    )
  }

  #after(delayMs: number, callback: () => void): void {
    this.#cancels.push(this.#components.clock.after(delayMs, callback))
  }

  #release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }
}

function outcomeOf(
  end: FunctionEnd | undefined,
  verdict: MeshError | undefined,
  wallMs: number
): TaskOutcome {
  const usage = end?.cpuMs === undefined ? { wallMs } : { wallMs, cpuMs: end.cpuMs }
  const outcome = { logsDroppedBytes: end?.droppedBytes ?? 0, usage }
  const error = verdict ?? (end?.fault === undefined ? undefined : errorOfFault(end.fault))
  return error === undefined ? { ...outcome, output: end?.output ?? 'null' } : { ...outcome, error }
}

function busy(name: string): MeshError {
  const wait = formatDuration(TURN_WAIT_MS)
  return new MeshError('WORKER_BUSY', `function ${name} had no turn for the task within ${wait}`)
}

async function removeFolder(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
}
