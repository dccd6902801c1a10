/**
 * One task in its container, from its folder to its end. The container has a name that the worker chose,
 * and is removed by it whatever happens: ending the program that shows its output would leave it running.
 */
import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ContainerWatch } from './container-watch.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { ProgramLog } from '../process/program-log.ts'
import { ProgramOutput } from '../process/program-output.ts'
import { stdoutOf } from './stream-log.ts'
import { collectOutputs } from '../process/output-collector.ts'
import { deferred, whenAborted } from '../../core/abort.ts'
import { handOver, requireOutputs } from '../output-handover.ts'
import { encodeResult, outOfDisk, outputTooLarge } from '../process/process-outcome.ts'
import { errorOf } from './container-end.ts'
import { freeBytes, openFolder } from './container-folder.ts'
import { heedsTermination } from './signal-handlers.ts'
import { removeContainer } from './container-removal.ts'
import { runWords } from './container-arguments.ts'
import { stopped, timedOut } from '../task-ends.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Clock } from '../../core/clock.ts'
import type { ContainerCli } from './container-cli.ts'
import type { ContainerFolder } from './container-folder.ts'
import type { ContainerRequest } from './container-task.ts'
import type { Departure } from './container-removal.ts'
import type { GroupFigures, ParentGroups } from './container-groups.ts'
import type { ProgramEnd } from '../process/process-outcome.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'

export interface ContainerRunComponents {
  clock: Clock
  cli: ContainerCli
  /** Undefined where the worker can make none. */
  groups: ParentGroups | undefined
}

export interface ContainerRunInit {
  /** Of the container, and nobody else's. */
  name: string
  /** For this task alone. */
  path: string
  uid: number
  /** For a task that asks for no room on the disk. */
  diskBytes: number
  /** Whether the runtime takes a bound of the CPU. */
  holdsCpu: boolean
  /** Fires when nobody waits for a container any more that could not be removed. */
  signal: AbortSignal
}

export type ContainerTerms = Omit<TaskRun, 'task' | 'programPath' | 'onProgress'>

type Result = Pick<TaskOutcome, 'output' | 'error'>

/** One slot is one core. */
const CPU_CORES = 1
/** What podman's own helper leaves in its working folder when the kernel ended a process for its memory. */
const OUT_OF_MEMORY_FILE = 'oom'
/** With less left on the worker's disk, a task that failed may have failed for that. */
const FREE_BYTES_MIN = 2 ** 20

export class ContainerRun {
  /** Resolves when its outcome is known, and nothing of it is left that could be removed. */
  readonly ended: Promise<void>
  readonly #components: ContainerRunComponents
  readonly #init: ContainerRunInit
  readonly #request: ContainerRequest
  readonly #terms: ContainerTerms
  readonly #diskBytesMax: number
  readonly #startedMs: number
  readonly #log: ProgramLog
  readonly #stdout = new ProgramOutput()
  readonly #ended = deferred<void>()
  /** Of the command that runs the container. */
  readonly #closed = deferred<ProgramEnd>()
  #hasClosed = false
  #child: ChildProcessWithoutNullStreams | undefined
  #folder: ContainerFolder | undefined
  #watch: ContainerWatch | undefined
  #departure: Promise<Departure> | undefined
  /** Why it was ended from outside; the first reason counts. */
  #verdict: MeshError | undefined

  constructor(
    components: ContainerRunComponents,
    init: ContainerRunInit,
    request: ContainerRequest,
    terms: ContainerTerms
  ) {
    this.ended = this.#ended.promise
    this.#components = components
    this.#init = init
    this.#request = request
    this.#terms = terms
    this.#diskBytesMax = terms.diskBytesMax ?? init.diskBytes
    this.#startedMs = components.clock.monotonicMs()
    this.#log = new ProgramLog(components.clock, terms.onLog)
  }

  /** Called once. Never rejects. */
  async run(): Promise<TaskOutcome> {
    const unguard = this.#guard()
    let result: Result
    try {
      result = await this.#runProgram()
    } catch (cause) {
      result = { error: MeshError.from(cause, 'SANDBOX_CRASHED') }
    }
    unguard()
    await this.#watch?.stop()
    const { lingering } = this.#child === undefined ? {} : await this.#remove(this.#child)
    this.#log.finish()
    if (result.error !== undefined) this.#log.showOutput(this.#stdout.bytes)
    const usage = this.#usage()
    if (result.error === undefined) result = await this.#publish(result, lingering !== undefined)
    const outcome = { ...result, logsDroppedBytes: this.#log.droppedBytes, usage }
    if (lingering === undefined) await this.#close()
    this.#ended.resolve()
    if (lingering === undefined) return outcome
    return { ...outcome, lingering: lingering.then(() => this.#close()) }
  }

  /** Ends it at once; its outcome is `verdict` unless there was a reason before. */
  kill(verdict: MeshError): void {
    this.#verdict ??= verdict
    // Before it is begun there is nothing to remove yet; `#runProgram` looks again.
    if (this.#child !== undefined) void this.#remove(this.#child)
  }

  async #runProgram(): Promise<Result> {
    const { env, files } = this.#request
    const { path, uid } = this.#init
    const { inputs } = this.#terms
    const diskBytesMax = this.#diskBytesMax
    const folder = await openFolder({ path, uid, env, files, inputs, diskBytesMax })
    this.#folder = folder
    if (this.#verdict !== undefined) return { error: this.#verdict }
    const end = await this.#attach(this.#words(folder), folder)
    this.#log.finish()
    const error = this.#verdict ?? (await this.#errorOf(end, folder))
    return error === undefined ? { output: await this.#result(folder) } : { error }
  }

  #words({ envFile, hostsFile, work }: ContainerFolder): string[] {
    const { cli, groups } = this.#components
    const { argv, image } = this.#request
    const { holdsCpu, name, uid } = this.#init
    const { cpuCores = CPU_CORES, gpus, inputs, memoryBytesMax, network, timeoutMs } = this.#terms
    const plan = {
      name,
      image,
      argv,
      uid,
      folder: work,
      inputs,
      envFile,
      hostsFile,
      gpus,
      memoryBytesMax,
      timeoutMs,
      isOwnUser: uid === process.getuid?.(),
      // Docker refuses more than there are.
      cpuCores: holdsCpu ? Math.min(cpuCores, availableParallelism()) : undefined,
      diskBytesMax: this.#diskBytesMax,
      hasNetwork: network,
      parentGroup: groups?.pathOf(name),
      streamLog: this.#keepsStreamLog() ? this.#streamLog() : undefined
    }
    return runWords(plan, cli.isPodman)
  }

  async #attach(words: readonly string[], { work }: ContainerFolder): Promise<ProgramEnd> {
    const { cli, clock } = this.#components
    const child = cli.run(words, this.#init.path)
    this.#child = child
    this.#watch = new ContainerWatch(clock, {
      folder: work,
      diskBytesMax: this.#diskBytesMax,
      state: () => cli.state(this.#init.name),
      onExceeded: (verdict) => this.kill(verdict)
    })
    const resolve = (end: ProgramEnd): void => this.#noteEnd(end)
    child.once('error', ({ message }) => resolve({ code: null, signal: null, problem: message }))
    child.once('close', (code, signal) => resolve({ code, signal }))
    child.stdout.on('data', (chunk: Uint8Array) => this.#takeStdout(chunk))
    child.stderr.on('data', (chunk: Uint8Array) => this.#log.write(chunk))
    // A program that reads nothing, or ends early, is no error of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(this.#request.stdin)
    return await this.#closed.promise
  }

  async #errorOf(cli: ProgramEnd, { work }: ContainerFolder): Promise<MeshError | undefined> {
    const diskBytes = (await this.#watch?.finalDiskBytes()) ?? 0
    const diskBytesMax = this.#diskBytesMax
    if (cli.code === 0) return diskBytes > diskBytesMax ? outOfDisk(diskBytesMax) : undefined
    const { argv, image } = this.#request
    return errorOf(
      {
        cli,
        diskBytes,
        state: await this.#components.cli.state(this.#init.name),
        // Podman 4 hears of it under version 1 of control groups, but does not pass it on.
        isOutOfMemory:
          existsSync(join(this.#init.path, OUT_OF_MEMORY_FILE)) ||
          this.#figures()?.isOutOfMemory === true,
        isDiskFull: freeBytes(work) < FREE_BYTES_MIN,
        tail: this.#log.tail
      },
      {
        memoryBytesMax: this.#terms.memoryBytesMax,
        diskBytesMax,
        program: argv?.[0] ?? image
      }
    )
  }

  async #result({ work }: ContainerFolder): Promise<string> {
    const { outputs } = this.#request
    const stdout = await this.#wholeStdout()
    await requireOutputs(work, this.#terms.outputs)
    if (outputs.length === 0) return encodeResult(stdout)
    const bytesMax = LIMITS.resultBytesMax - stdout.length
    return encodeResult(stdout, await collectOutputs(work, outputs, { bytesMax }))
  }

  async #wholeStdout(): Promise<Uint8Array> {
    const shown = this.#stdout.bytes
    if (!this.#keepsStreamLog()) return shown
    const kept = stdoutOf(await readFile(this.#streamLog()).catch(() => new Uint8Array()))
    if (kept.byteLength > LIMITS.resultBytesMax) throw outputTooLarge()
    return kept.byteLength > shown.byteLength ? kept : shown
  }

  /** @param isLingering something of it may run still, and change what it has left */
  async #publish(result: Result, isLingering: boolean): Promise<Result> {
    const { outputs } = this.#terms
    if (outputs.length === 0) return result
    try {
      if (isLingering) throw new MeshError('SANDBOX_CRASHED', 'the container could not be removed')
      await handOver(this.#folder?.work ?? '', this.#terms)
      return result
    } catch (cause) {
      return { error: MeshError.from(cause) }
    }
  }

  /** Podman's command leaves early only where it has something to send. */
  #keepsStreamLog(): boolean {
    return this.#components.cli.isPodman && this.#request.stdin !== undefined
  }

  #streamLog(): string {
    return join(this.#init.path, 'streams.log')
  }

  #takeStdout(chunk: Uint8Array): void {
    if (!this.#stdout.add(chunk) && this.#verdict === undefined) this.kill(outputTooLarge())
  }

  #guard(): () => void {
    const { killSignal, signal, timeoutMs } = this.#terms
    const cancels = [
      whenAborted(signal, () => void this.#stop()),
      whenAborted(killSignal, () => this.kill(stopped())),
      this.#components.clock.after(timeoutMs, () => this.kill(timedOut(timeoutMs)))
    ]
    return () => cancels.forEach((cancel) => cancel())
  }

  /** Asks it first, unless it would not hear: what it writes before it goes is worth a moment. */
  async #stop(): Promise<void> {
    const { cli } = this.#components
    const { name } = this.#init
    this.#verdict ??= stopped()
    const state = this.#child === undefined ? undefined : await cli.state(name)
    if (state?.isRunning === true && heedsTermination(state.pid)) await cli.terminate(name)
    else this.kill(stopped())
  }

  /** The container first: with it gone the program that shows its output ends by itself, or is made to. */
  #remove(child: ChildProcessWithoutNullStreams): Promise<Departure> {
    const { cli, clock } = this.#components
    const { name, signal } = this.#init
    const endChild = (): void => {
      child.kill('SIGKILL')
      this.#noteEnd({ code: null, signal: 'SIGKILL' })
    }
    const hasClosed = (): boolean => this.#hasClosed
    this.#departure ??= removeContainer(
      { cli, clock },
      { name, hasClosed, closed: this.#closed.promise, endChild, signal }
    )
    return this.#departure
  }

  #noteEnd(end: ProgramEnd): void {
    this.#hasClosed = true
    this.#closed.resolve(end)
  }

  #figures(): GroupFigures | undefined {
    return this.#components.groups?.figures(this.#init.name) ?? this.#watch?.figures
  }

  #usage(): TaskOutcome['usage'] {
    const { cpuMs, peakMemoryBytes } = this.#figures() ?? {}
    return {
      wallMs: this.#components.clock.monotonicMs() - this.#startedMs,
      ...(cpuMs === undefined ? {} : { cpuMs }),
      ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes })
    }
  }

  async #close(): Promise<void> {
    this.#components.groups?.remove(this.#init.name)
    // What can't be removed is found by the next start; the task's outcome stands.
    await this.#folder?.close().catch(() => {})
  }
}
