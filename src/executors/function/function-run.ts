/**
 * One task of engine `function`: its turn, its time, its end. A call that is told to end is asked first;
 * after a grace its thread is ended, or, where it runs inline and nothing can end it, the task is answered
 * and the call left behind with its turn.
 */
import { MeshError } from '../../core/errors.ts'
import { deferred } from '../../core/abort.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FunctionCall, FunctionEnd, RunningCall } from './function-call.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'
import type { Turns } from './turns.ts'

export interface FunctionRunComponents {
  clock: Clock
  turns: Turns
  /** Starts the call. */
  start: (call: FunctionCall) => RunningCall
}

export type FunctionTerms = Omit<TaskRun, 'task'> & { input: unknown }

/** From the request to end until the call is ended, or left. */
const STOP_GRACE_MS = 1_000

export class FunctionRun {
  /** Resolves with the outcome. */
  readonly ended: Promise<TaskOutcome>
  readonly #components: FunctionRunComponents
  readonly #terms: FunctionTerms
  readonly #startedMs: number
  readonly #ending = new AbortController()
  readonly #graceOver = deferred<undefined>()
  readonly #cancels: CancelTimer[] = []
  #call: RunningCall | undefined
  #isOver = false
  /** Why it was told to end; the first reason counts. */
  #verdict: MeshError | undefined

  /** Begins at once. */
  constructor(components: FunctionRunComponents, terms: FunctionTerms) {
    this.#components = components
    this.#terms = terms
    this.#startedMs = components.clock.monotonicMs()
    this.#guard()
    this.ended = this.#run()
  }

  /** Tells the call to end; its outcome is `verdict` unless there was a reason before. */
  end(verdict: MeshError): void {
    if (this.#verdict !== undefined) return
    this.#verdict = verdict
    this.#ending.abort(verdict)
    this.#cancels.push(
      this.#components.clock.after(STOP_GRACE_MS, () => {
        if (this.#call?.kill === undefined) this.#graceOver.resolve(undefined)
        else this.#call.kill()
      })
    )
  }

  async #run(): Promise<TaskOutcome> {
    const { turns } = this.#components
    const hasTurn = await turns.take(this.#ending.signal).then(
      () => true,
      () => false
    )
    // Its turn may have come in the same moment as its end.
    if (this.#verdict === undefined) return await this.#callInTurn()
    if (hasTurn) turns.release()
    this.#release()
    return this.#outcome(undefined)
  }

  async #callInTurn(): Promise<TaskOutcome> {
    const { start, turns } = this.#components
    const { input, onLog, onProgress } = this.#terms
    const call = start({
      input,
      signal: this.#ending.signal,
      // One that is left behind may go on talking.
      onLog: (entry) => this.#isOver || onLog(entry),
      onProgress: (progress) => this.#isOver || onProgress(progress)
    })
    this.#call = call
    const over = call.ended.finally(() => turns.release())
    const end = await Promise.race([over, this.#graceOver.promise])
    this.#isOver = true
    this.#release()
    const outcome = this.#outcome(end)
    return end === undefined ? { ...outcome, lingering: over.then(ignore) } : outcome
  }

  #guard(): void {
    const { signal, timeoutMs } = this.#terms
    const stop = (): void => this.end(new MeshError('TASK_STOPPED', 'the task was stopped'))
    const expire = (): void => this.end(this.#call === undefined ? busy() : timedOut(timeoutMs))
    signal.addEventListener('abort', stop, { once: true })
    this.#cancels.push(
      () => signal.removeEventListener('abort', stop),
      this.#components.clock.after(timeoutMs, expire)
    )
    if (signal.aborted) stop()
  }

  #release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  #outcome(end: FunctionEnd | undefined): TaskOutcome {
    const usage = { wallMs: this.#components.clock.monotonicMs() - this.#startedMs }
    const error = this.#verdict ?? faultOf(end)
    const outcome = { logsDroppedBytes: end?.droppedBytes ?? 0, usage }
    return error === undefined
      ? { ...outcome, output: end?.output ?? 'null' }
      : { ...outcome, error }
  }
}

function faultOf(end: FunctionEnd | undefined): MeshError | undefined {
  return end?.fault === undefined ? undefined : new MeshError(end.fault.code, end.fault.message)
}

function timedOut(timeoutMs: number): MeshError {
  return new MeshError('TASK_TIMED_OUT', `the task ran longer than its ${timeoutMs} ms`)
}

/** Its time went by while others had the function, which is not the task's fault. */
function busy(): MeshError {
  return new MeshError('WORKER_BUSY', 'the function had no turn for the task in its time')
}

function ignore(): void {}
