/** One spawned command with its pipes: fed with what it reads, stopped at the gate, heard until its end. */
import { Socket } from 'node:net'
import { closeSync } from 'node:fs'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { GATE_DESCRIPTORS } from './enclosure.ts'
import { deferred } from '../../core/abort.ts'
import { gateCommand, readGateWord } from './gate.ts'
import { lowerPriority } from '../sandbox/child-vitals.ts'
import { packFiles } from './input-archive.ts'
import type { Cell } from './enclosure.ts'
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Stream, Writable } from 'node:stream'
import type { Fifo } from './fifo-store.ts'
import type { GateWord } from './gate.ts'
import type { ProcessRequest } from './process-task.ts'
import type { ProgramEnd } from './process-outcome.ts'

/** A program with its place in the system already found. */
export type ProgramRequest = ProcessRequest & { program: string }

export interface ProgramEars {
  onStdout: (chunk: Uint8Array) => void
  onStderr: (chunk: Uint8Array) => void
  /** The program itself is over, while what it left behind may still hold its streams. */
  onExit: () => void
}

export interface ProgramStreams {
  stdout: Fifo
  stderr: Fifo
}

/** Standard streams come before what the cell is fed with. */
const FEEDS_FROM = 3

export class ProgramChild {
  /** Undefined when it could not be started at all. */
  readonly pid: number | undefined
  /** Resolves once: with what its first process says, or that it never will. */
  readonly atGate: Promise<GateWord>
  /** Resolves when it is over and its streams are at their end. */
  readonly exited: Promise<ProgramEnd>
  readonly #gate: Duplex
  readonly #feeds: readonly Duplex[]
  readonly #heard: readonly Socket[]

  /** Takes the streams over, and closes them when they are at their end. */
  constructor(
    cell: Cell,
    request: ProgramRequest,
    { streams, ...ears }: ProgramEars & { streams: ProgramStreams }
  ) {
    const child = spawnIn(cell, request, streams)
    const pipes: readonly (Stream | null | undefined)[] = child.stdio
    this.pid = child.pid
    this.#heard = [hear(streams.stdout, ears.onStdout), hear(streams.stderr, ears.onStderr)]
    this.exited = whenExited(child, this.#heard, ears.onExit)
    lowerPriority(child.pid)
    cell.feeds.forEach((bytes, index) => feed(pipes[FEEDS_FROM + index], bytes))
    const { files } = request
    feed(pipes[GATE_DESCRIPTORS.files], files.size === 0 ? undefined : packFiles(files))
    this.#gate = pipes[GATE_DESCRIPTORS.gate] as Duplex
    this.#feeds = pipes.filter((pipe) => pipe != null) as Duplex[]
    this.atGate = whenAtGate(this.#gate, this.exited)
  }

  /** Lets the program begin. */
  letGo(): void {
    this.#gate.end('go\n')
  }

  /** Hears no more of it, whoever may still hold its streams. */
  turnAway(): void {
    for (const stream of this.#heard) stream.destroy()
  }

  /** Makes sure that the program never begins, whoever may still be on the way to the gate. */
  abandon(): void {
    for (const pipe of this.#feeds) pipe.destroy()
  }
}

function spawnIn(
  cell: Cell,
  { argv, files, program }: ProgramRequest,
  { stderr, stdout }: ProgramStreams
): ChildProcess {
  const [file = '', ...rest] = cell.command
  const gate = gateCommand({ hasFiles: files.size > 0, stdinPath: cell.stdinPath })
  const feeds = Array.from({ length: GATE_DESCRIPTORS.files - FEEDS_FROM }, (_, index) =>
    cell.feeds[index] === undefined ? 'ignore' : 'pipe'
  )
  return spawn(file, [...rest, ...gate, program, ...argv.slice(1)], {
    cwd: cell.cwd,
    env: cell.env,
    // A group of its own, so that a signal to the worker's terminal is not one to the task.
    detached: true,
    stdio: ['ignore', stdout.writeEnd, stderr.writeEnd, ...feeds, 'pipe', 'pipe']
  })
}

/** It ends when all that could write there is gone, so our own end for that goes first. */
function hear({ readEnd, writeEnd }: Fifo, onChunk: (chunk: Uint8Array) => void): Socket {
  closeSync(writeEnd)
  const stream = new Socket({ fd: readEnd, readable: true, writable: false })
  stream.on('error', ignore)
  stream.on('data', onChunk)
  return stream
}

async function whenExited(
  child: ChildProcess,
  heard: readonly Socket[],
  onExit: () => void
): Promise<ProgramEnd> {
  const { promise, resolve } = deferred<ProgramEnd>()
  const silent = heard.map((stream) => once(stream, 'close'))
  child.on('error', (cause) => {
    if (child.pid === undefined) resolve({ code: null, signal: null, problem: cause.message })
  })
  child.once('exit', onExit)
  child.once('close', (code, signal) => resolve({ code, signal }))
  const end = await promise
  await Promise.all(silent)
  return end
}

async function whenAtGate(gate: Duplex, exited: Promise<unknown>): Promise<GateWord> {
  const { promise, resolve } = deferred<string>()
  gate.on('error', ignore)
  gate.once('data', (text: Uint8Array) => resolve(text.toString()))
  gate.once('close', () => resolve(''))
  void exited.then(() => resolve(''))
  return readGateWord(await promise)
}

/** A reader that ends early, or never reads, is no error of ours. */
function feed(stream: Stream | null | undefined, bytes: Uint8Array | undefined): void {
  const pipe = stream as Writable | null | undefined
  pipe?.on('error', ignore)
  pipe?.end(bytes)
}

function ignore(): void {}
