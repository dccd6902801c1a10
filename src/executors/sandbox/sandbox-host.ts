/**
 * The worker's side of one sandbox host: hands it a task, holds it to its limits from outside and
 * kills it when it breaks one. Nothing that the host says can widen a limit, and `run` resolves only
 * once the task is truly over: its answer is there, or its process is gone.
 */
import { BYTES_DESCRIPTOR, BytePipe } from './byte-pipe.ts'
import { PassThrough } from 'node:stream'
import { assert } from '../../core/assert.ts'
import { deferred, whenAborted } from '../../core/abort.ts'
import { formatBytes } from '../../core/units.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { MessagePipe, PIPE_DESCRIPTOR } from './message-pipe.ts'
import { TaskReports } from './task-reports.ts'
import { lowerPriority, residentBytes } from './child-vitals.ts'
import { readHostMessage } from './messages.ts'
import { spawnSandboxHost } from './sandbox-spawn.ts'
import { stopped, timedOut } from '../task-ends.ts'
import type { Attachment } from './byte-pipe.ts'
import type { ChildProcess } from 'node:child_process'
import type { Clock } from '../../core/clock.ts'
import type { Deferred } from '../../core/abort.ts'
import type { Duplex } from 'node:stream'
import type { DoneMessage, ProducedFile, RunMessage } from './messages.ts'
import type { SandboxProgram } from './sandbox-program.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'

/** How a task is to be held, and who hears it. */
export type SandboxTerms = Omit<TaskRun, 'task'>

/** A file that the task has left for one of its wishes; the path is a stranger's word. */
export interface ProducedBytes extends Omit<ProducedFile, 'bytes'> {
  content: Uint8Array
}

export interface SandboxOutcome extends TaskOutcome {
  produced: readonly ProducedBytes[]
}

const SPAWN_TIMEOUT_MS = 15_000
const WATCH_PERIOD_MS = 50
const STDERR_LENGTH_MAX = 2_000
/** A result is JSON within JSON, where no character becomes more than two; beside it, usage and a fault. */
const MESSAGE_LENGTH_MAX = 2 * LIMITS.resultBytesMax + 65_536
/** Progress and counts of what was dropped come as long as a task runs; what is more would hold the node up. */
const REPORT_LENGTH_PER_SECOND = 65_536

interface SandboxEnd {
  error?: MeshError | undefined
  output?: string | undefined
  produced?: readonly ProducedBytes[]
}

interface Running {
  done: Deferred<SandboxOutcome>
  terms: SandboxTerms
  startedMs: number
  /** What its pipe had carried before. */
  heardLength: number
  reports: TaskReports
  /** Resolves once the host has taken all that the task brings. */
  delivered: Promise<void>
  /** The host has said how it ended. */
  isDone: boolean
  /** Why the host was killed, if it was. */
  verdict: MeshError | undefined
  cancel: () => void
}

/** @typeParam Request what its program takes as one task, as plain data */
export class SandboxHost<Request> {
  /** Rejects with SANDBOX_CRASHED if the host never says that it is ready. */
  readonly ready: Promise<void>
  /** Resolves when the process is gone, whatever ended it. */
  readonly gone: Promise<void>
  readonly #clock: Clock
  readonly #program: SandboxProgram
  readonly #child: ChildProcess
  readonly #pipe: MessagePipe
  readonly #bytes: BytePipe
  readonly #ready: Deferred<void> = deferred()
  readonly #gone: Deferred<void> = deferred()
  #running: Running | undefined
  #stderr = ''
  #isReady = false
  #isEnded = false

  constructor(clock: Clock, program: SandboxProgram) {
    this.#clock = clock
    this.#program = program
    this.ready = this.#ready.promise
    this.gone = this.#gone.promise
    this.ready.catch(ignore)
    this.#child = spawnSandboxHost(program)
    lowerPriority(this.#child.pid)
    const cancel = clock.after(SPAWN_TIMEOUT_MS, () => void this.kill())
    this.ready.then(cancel, cancel)
    const stream = pipeOf(this.#child, PIPE_DESCRIPTOR)
    this.#bytes = new BytePipe(pipeOf(this.#child, BYTES_DESCRIPTOR))
    this.#pipe = new MessagePipe(stream, {
      lengthMax: MESSAGE_LENGTH_MAX,
      onMessage: (message) => this.#onMessage(message)
    })
    stream.on('error', (cause) => this.#onError(cause))
    this.#child.on('error', (cause) => this.#onError(cause))
    this.#child.once('exit', () => this.#turnAway())
    this.#child.on('close', (code, signal) => this.#onClose(signal ?? `exit code ${code}`))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_LENGTH_MAX)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isEnded
  }

  /** True from the moment its end is certain: it takes no more tasks. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** @param attachments what the task brings beside its request, in the order in which the program expects it */
  run(
    request: Request,
    terms: SandboxTerms,
    attachments: readonly Attachment[] = []
  ): Promise<SandboxOutcome> {
    assert(this.#running === undefined, 'a host runs one task at a time')
    assert(this.isReady, 'only a ready host gets a task')
    const running: Running = {
      done: deferred(),
      terms,
      startedMs: this.#clock.monotonicMs(),
      heardLength: this.#pipe.heardLength,
      reports: new TaskReports(this.#clock, terms),
      delivered: Promise.resolve(),
      isDone: false,
      verdict: undefined,
      cancel: ignore
    }
    this.#running = running
    const attachedBytes = attachments.map(sizeOf)
    running.cancel = this.#guard(terms, attachedBytes)
    this.#pipe.send({
      type: 'run',
      request,
      attachedBytes,
      memoryBytesMax: terms.memoryBytesMax,
      timeoutMs: terms.timeoutMs
    } satisfies RunMessage<Request>)
    running.delivered = this.#deliver(attachments)
    return running.done.promise
  }

  /** Kills the process; a task that it runs ends with `verdict`. */
  async kill(
    verdict: MeshError = new MeshError('SANDBOX_CRASHED', 'the sandbox was killed')
  ): Promise<void> {
    this.#isEnded = true
    if (this.#running !== undefined) this.#running.verdict ??= verdict
    this.#child.kill('SIGKILL')
    this.#turnAway()
    await this.gone
  }

  /** Never rejects: where it fails, the host is gone. */
  async #deliver(attachments: readonly Attachment[]): Promise<void> {
    try {
      for (const attachment of attachments) await this.#bytes.send(attachment)
    } catch (cause) {
      const why = `what the task brings could not be handed over: ${messageOf(cause)}`
      await this.kill(new MeshError('SANDBOX_CRASHED', why))
    }
  }

  /** Watches the clock, the memory and the caller's signal while a task runs. */
  #guard(terms: SandboxTerms, attachedBytes: readonly number[]): () => void {
    const { memoryBytesMax, signal, timeoutMs } = terms
    const cancelStop = whenAborted(signal, () => void this.kill(stopped()))
    const cancelTimeout = this.#clock.after(timeoutMs + this.#program.killGraceMs, () => {
      void this.kill(timedOut(timeoutMs))
    })
    const baseBytes = residentBytes(this.pid)
    const slackBytes = this.#program.memorySlackBytes(terms, attachedBytes)
    const watch = (): void => {
      const grownBytes = (residentBytes(this.pid) ?? 0) - (baseBytes ?? 0)
      if (grownBytes <= memoryBytesMax + slackBytes) return
      void this.kill(outOfMemory(memoryBytesMax, grownBytes))
    }
    const cancelWatch = baseBytes === undefined ? ignore : this.#clock.every(WATCH_PERIOD_MS, watch)
    return () => {
      cancelStop()
      cancelTimeout()
      cancelWatch()
    }
  }

  #onMessage(value: unknown): void {
    const message = readHostMessage(value)
    const running = this.#running
    if (message?.type === 'ready' && !this.#isReady) {
      this.#isReady = true
      this.#ready.resolve()
    } else if (
      message === undefined ||
      message.type === 'ready' ||
      running === undefined ||
      running.isDone
    ) {
      void this.kill(new MeshError('SANDBOX_CRASHED', 'the sandbox sent what nobody can read'))
    } else if (this.#isFlooded(running)) {
      void this.kill(
        new MeshError('SANDBOX_CRASHED', 'the sandbox sent more than anybody can read')
      )
    } else if (message.type === 'log') running.reports.log(message)
    else if (message.type === 'progress') running.reports.progress(message)
    else if (running.verdict === undefined) void this.#finish(running, message)
  }

  /** Bounds what its words cost this process, whatever they say. */
  #isFlooded({ heardLength, startedMs }: Running): boolean {
    const seconds = (this.#clock.monotonicMs() - startedMs) / 1_000
    const lengthMax = MESSAGE_LENGTH_MAX + REPORT_LENGTH_PER_SECOND * seconds
    return this.#pipe.heardLength - heardLength > lengthMax
  }

  async #finish(running: Running, message: DoneMessage): Promise<void> {
    running.isDone = true
    const { output, produced = [] } = message
    const isTooLong = output !== undefined && Buffer.byteLength(output) > LIMITS.resultBytesMax
    const error = isTooLong
      ? new MeshError('TASK_OUTPUT_TOO_LARGE', 'the result is too long')
      : faultOf(message, running.terms)
    // What a host left in the pipe would be the beginning of the next task's.
    await running.delivered
    try {
      const taken = error === undefined ? await this.#take(produced, running.terms) : []
      if (this.#running !== running) return
      if (message.isSpent) void this.kill()
      this.#resolve(running, { error, output, produced: taken }, message)
    } catch {
      // Its end says why.
      void this.kill(this.#crash('its files never came'))
    }
  }

  /** What it says that the task has left; no more than the task may have. */
  async #take(
    files: readonly ProducedFile[],
    { diskBytesMax = LIMITS.taskFileBytesMax }: SandboxTerms
  ): Promise<ProducedBytes[]> {
    if (sum(files.map(({ bytes }) => bytes)) > diskBytesMax) throw new Error('it is too much')
    const taken: ProducedBytes[] = []
    for (const { bytes, output, path } of files) {
      taken.push({ output, path, content: await this.#bytes.receive(bytes) })
    }
    return taken
  }

  #resolve(
    running: Running,
    { error, output, produced = [] }: SandboxEnd,
    usage?: DoneMessage
  ): void {
    running.cancel()
    this.#running = undefined
    running.done.resolve({
      ...(error === undefined && output !== undefined ? { output } : {}),
      ...(error === undefined ? {} : { error }),
      produced,
      logsDroppedBytes: running.reports.droppedBytes,
      usage:
        usage === undefined
          ? { wallMs: this.#clock.monotonicMs() - running.startedMs }
          : {
              wallMs: usage.wallMs,
              cpuMs: usage.cpuMs,
              peakMemoryBytes: usage.peakMemoryBytes
            }
    })
  }

  /** The pipe broke or the process never came to be; its end is reported by `close` where there is one. */
  #onError(cause: Error): void {
    this.#stderr = (this.#stderr + cause.message).slice(-STDERR_LENGTH_MAX)
    if (this.pid === undefined) this.#onClose('it never started')
    else void this.kill(this.#crash('its pipe broke'))
  }

  /** Of one that was killed nothing more is to be heard, and whom it may have started could hold its pipes for ever. */
  #turnAway(): void {
    const { exitCode, signalCode } = this.#child
    const isOver = exitCode !== null || signalCode !== null
    if (!this.#isEnded || !isOver) return
    for (const stream of this.#child.stdio) stream?.destroy()
  }

  #onClose(how: string): void {
    this.#isEnded = true
    this.#ready.reject(this.#crash(how))
    const running = this.#running
    if (running !== undefined) {
      this.#resolve(running, { error: running.verdict ?? this.#crash(how) })
    }
    this.#gone.resolve()
  }

  #crash(how: string): MeshError {
    const tail = this.#stderr.trim()
    return new MeshError(
      'SANDBOX_CRASHED',
      `the sandbox ended by itself (${how})${tail === '' ? '' : `: ${tail}`}`
    )
  }
}

/** Where there are no descriptors left, Node makes none of its pipes, and says so by an error of the child. */
function pipeOf({ stdio }: { stdio?: ChildProcess['stdio'] }, descriptor: number): Duplex {
  const pipes: ArrayLike<unknown> = stdio ?? []
  return (pipes[descriptor] ?? new PassThrough()) as Duplex
}

function sizeOf(attachment: Attachment): number {
  return attachment instanceof Uint8Array ? attachment.byteLength : attachment.sizeBytes
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

function faultOf({ fault }: DoneMessage, terms: SandboxTerms): MeshError | undefined {
  if (fault === undefined) return undefined
  const { code, exitCode, message } = fault
  if (code === 'TASK_TIMED_OUT') return timedOut(terms.timeoutMs)
  return new MeshError(code, message, { taskCode: exitCode?.toString() })
}

function outOfMemory(memoryBytesMax: number, grownBytes: number): MeshError {
  const most = formatBytes(memoryBytesMax)
  return new MeshError(
    'TASK_OUT_OF_MEMORY',
    `the task needed more than its ${most} of memory: its sandbox had grown by ${formatBytes(grownBytes)}`
  )
}

function ignore(): void {}
