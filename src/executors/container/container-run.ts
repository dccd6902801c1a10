/**
 * One task in its container, from its folder to its end. The container has a name that the worker chose,
 * and is removed by it whatever happens: ending the program that shows its output would leave it running.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { StderrLog } from '../process/stderr-log.ts'
import { collectOutputs } from '../process/output-collector.ts'
import { createWords } from './container-arguments.ts'
import { deferred } from '../../core/abort.ts'
import {
  crashed,
  encodeResult,
  failureOf,
  outOfMemory,
  outputTooLarge,
  stopped,
  timedOut
} from '../process/process-outcome.ts'
import { openFolder } from './container-folder.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Clock } from '../../core/clock.ts'
import type { ContainerCli } from './container-cli.ts'
import type { ContainerFolder } from './container-folder.ts'
import type { ContainerRequest } from './container-task.ts'
import type { ProgramEnd } from '../process/process-outcome.ts'
import type { TaskOutcome, TaskRun } from '../executor.ts'

export interface ContainerRunComponents {
  clock: Clock
  cli: ContainerCli
}

export interface ContainerRunInit {
  /** Of the container, and nobody else's. */
  name: string
  /** For this task alone. */
  path: string
  uid: number
}

export type ContainerTerms = Omit<TaskRun, 'task' | 'onProgress'>

type Result = Pick<TaskOutcome, 'output' | 'error'>

/** Exit code by which podman and docker say that they themselves failed. */
const CLI_FAILED = 125
/** What podman's own helper leaves in its working folder when the kernel ended a process for its memory. */
const OUT_OF_MEMORY_FILE = 'oom'

export class ContainerRun {
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>
  readonly #components: ContainerRunComponents
  readonly #init: ContainerRunInit
  readonly #request: ContainerRequest
  readonly #terms: ContainerTerms
  readonly #ended = deferred<void>()
  readonly #startedMs: number
  readonly #log: StderrLog
  readonly #stdout: Uint8Array[] = []
  #stdoutBytes = 0
  #child: ChildProcessWithoutNullStreams | undefined
  #folder: ContainerFolder | undefined
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
    this.#startedMs = components.clock.monotonicMs()
    this.#log = new StderrLog(components.clock, terms.onLog)
  }

  /** Called once. Never rejects. */
  async run(): Promise<TaskOutcome> {
    const { cli, clock } = this.#components
    const unguard = this.#guard()
    let result: Result
    try {
      result = await this.#runProgram()
    } catch (cause) {
      result = { error: MeshError.from(cause, 'SANDBOX_CRASHED') }
    }
    unguard()
    await cli.remove([this.#init.name])
    this.#log.finish()
    this.#folder?.close()
    this.#ended.resolve()
    const usage = { wallMs: clock.monotonicMs() - this.#startedMs }
    return { ...result, logsDroppedBytes: this.#log.droppedBytes, usage }
  }

  /** Ends it at once; its outcome is `verdict` unless there was a reason before. */
  kill(verdict: MeshError): void {
    this.#verdict ??= verdict
    // While it is being made there is nothing to remove yet; `#runProgram` looks again.
    if (this.#child !== undefined) void this.#remove(this.#child)
  }

  async #runProgram(): Promise<Result> {
    const { cli } = this.#components
    const { argv, env, files, image, outputs, stdin } = this.#request
    const { memoryBytesMax, timeoutMs } = this.#terms
    const { name, path, uid } = this.#init
    const folder = openFolder({ path, uid, env, files })
    this.#folder = folder
    const { envFile, work } = folder
    const place = { name, uid, envFile, folder: work, isOwnUser: uid === process.getuid?.() }
    const plan = { ...place, image, argv, memoryBytesMax, timeoutMs }
    await cli.expect(createWords(plan, cli.isPodman))
    if (this.#verdict !== undefined) return { error: this.#verdict }
    const end = await this.#attach(stdin)
    this.#log.finish()
    if (this.#verdict !== undefined) return { error: this.#verdict }
    if (end.code !== 0 && (await this.#isOutOfMemory()))
      return { error: outOfMemory(memoryBytesMax) }
    const { tail } = this.#log
    if (end.code === CLI_FAILED || end.problem !== undefined) return { error: crashed(end, tail) }
    const failure = failureOf(end, tail)
    if (failure !== undefined) return { error: failure }
    const stdout = Buffer.concat(this.#stdout)
    if (outputs.length === 0) return { output: encodeResult(stdout) }
    const bytesMax = LIMITS.resultBytesMax - stdout.length
    return { output: encodeResult(stdout, await collectOutputs(work, outputs, { bytesMax })) }
  }

  async #attach(stdin: Uint8Array | undefined): Promise<ProgramEnd> {
    const { promise, resolve } = deferred<ProgramEnd>()
    const child = this.#components.cli.attach(this.#init.name, this.#init.path)
    this.#child = child
    child.once('error', ({ message }) => resolve({ code: null, signal: null, problem: message }))
    child.once('close', (code, signal) => resolve({ code, signal }))
    child.stdout.on('data', (chunk: Uint8Array) => this.#takeStdout(chunk))
    child.stderr.on('data', (chunk: Uint8Array) => this.#log.write(chunk))
    // A program that reads nothing, or ends early, is no error of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    return await promise
  }

  #takeStdout(chunk: Uint8Array): void {
    this.#stdoutBytes += chunk.byteLength
    if (this.#stdoutBytes > LIMITS.resultBytesMax) {
      if (this.#verdict === undefined) this.kill(outputTooLarge())
    } else this.#stdout.push(chunk)
  }

  #guard(): () => void {
    const { signal, timeoutMs } = this.#terms
    const stop = (): void => this.kill(stopped())
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const cancel = this.#components.clock.after(timeoutMs, () => this.kill(timedOut(timeoutMs)))
    return () => {
      signal.removeEventListener('abort', stop)
      cancel()
    }
  }

  /** The container first: with it gone the program that shows its output ends by itself, or is made to. */
  async #remove(child: ChildProcessWithoutNullStreams): Promise<void> {
    await this.#components.cli.remove([this.#init.name])
    child.kill('SIGKILL')
  }

  /** Podman 4 hears of it under version 1 of control groups, but does not pass it on. */
  async #isOutOfMemory(): Promise<boolean> {
    if (existsSync(join(this.#init.path, OUT_OF_MEMORY_FILE))) return true
    const words = ['inspect', '--format={{.State.OOMKilled}}', this.#init.name]
    return (await this.#components.cli.call(words)).stdout.trim() === 'true'
  }
}
