/**
 * What a worker and its sandbox host say to each other over their pipe, and the check of what comes
 * back. The host has run a stranger's code, so its words are a stranger's words too.
 */
import { LIMITS } from '../../core/limits.ts'
import type { LogEntry, TaskProgress } from '../../model/generated/commands-execute-task.ts'

/** One task, with the limits that differ from task to task; the others are in `core/limits.ts`. */
export interface RunMessage<Request> {
  type: 'run'
  /** The task as the host's program takes it. */
  request: Request
  /** What follows on the other pipe, one after the other: so many bytes each. */
  attachedBytes: readonly number[]
  memoryBytesMax: number
  timeoutMs: number
}

export interface ReadyMessage {
  type: 'ready'
}

/** Console output on its way, so that a task that is killed still shows what it wrote. */
export interface LogMessage {
  type: 'log'
  entries: LogEntry[]
  /** All bytes dropped so far. */
  droppedBytes: number
}

/** How far the task says that it is; a host sends one each `PROGRESS_PERIOD_MS`, and a last one at the end. */
export interface ProgressMessage {
  type: 'progress'
  progress: TaskProgress
}

const GUEST_FAULTS = [
  'TASK_FAILED',
  'TASK_TIMED_OUT',
  'TASK_OUT_OF_MEMORY',
  'TASK_OUTPUT_TOO_LARGE'
] as const

export type GuestFault = (typeof GUEST_FAULTS)[number]

/** What went wrong in a task. */
export interface Fault {
  code: GuestFault
  message: string
  /** With what exit code a program ended, where it did. */
  exitCode?: number
}

/** A file that a task has left, of which the bytes follow on the other pipe, in the order of the list. */
export interface ProducedFile {
  /** Which of the task's wishes it belongs to, from 0. */
  output: number
  /** Within it; empty where the wish is for a file. */
  path: string
  bytes: number
}

/** How a task ended inside the host. */
export interface DoneMessage {
  type: 'done'
  /** JSON text; absent when it failed. */
  output?: string
  fault?: Fault
  produced?: ProducedFile[]
  wallMs: number
  cpuMs: number
  peakMemoryBytes: number
  /** True when the engine itself broke: the host must not run another task. */
  isSpent: boolean
}

export type HostMessage = ReadyMessage | LogMessage | ProgressMessage | DoneMessage

/** A fault's message is shown to people; the guest may have written a novel. */
export const FAULT_MESSAGE_LENGTH_MAX = 2_000
/** As the schema has it: one line that a person reads beside a bar. */
export const PROGRESS_TEXT_LENGTH_MAX = 200
/** Ten times a second looks smooth, and costs neither side anything. */
export const PROGRESS_PERIOD_MS = 100

/** Only the known fields of a well-formed message; undefined for anything else. */
export function readHostMessage(value: unknown): HostMessage | undefined {
  if (!isRecord(value)) return undefined
  if (value['type'] === 'ready') return { type: 'ready' }
  if (value['type'] === 'log') return readLog(value)
  if (value['type'] === 'progress') return readProgress(value)
  return value['type'] === 'done' ? readDone(value) : undefined
}

function readLog(value: Record<string, unknown>): LogMessage | undefined {
  const { entries, droppedBytes } = value
  if (!Array.isArray(entries) || !isCount(droppedBytes)) return undefined
  const known = entries.flatMap((entry: unknown) => readEntry(entry) ?? [])
  // Dropped bytes are told to others as a whole number, so a host may not make it another.
  return known.length === entries.length && Number.isInteger(droppedBytes)
    ? { type: 'log', entries: known, droppedBytes }
    : undefined
}

/** An entry without text says nothing: with them a host could go on for ever within its bytes. */
function readEntry(value: unknown): LogEntry | undefined {
  if (!isRecord(value)) return undefined
  const { ms, stream, text } = value
  if (!isCount(ms) || typeof text !== 'string' || text === '') return undefined
  return stream === 'out' || stream === 'err' ? { ms, stream, text } : undefined
}

function readProgress({ progress }: Record<string, unknown>): ProgressMessage | undefined {
  if (!isRecord(progress)) return undefined
  const { ratio, text } = progress
  if (!isCount(ratio) || ratio > 1) return undefined
  if (text === undefined) return { type: 'progress', progress: { ratio } }
  return typeof text === 'string'
    ? { type: 'progress', progress: { ratio, text: text.slice(0, PROGRESS_TEXT_LENGTH_MAX) } }
    : undefined
}

function readDone(value: Record<string, unknown>): DoneMessage | undefined {
  const { output, fault, wallMs, cpuMs, peakMemoryBytes, isSpent } = value
  if (!isCount(wallMs) || !isCount(cpuMs) || !isCount(peakMemoryBytes)) return undefined
  const base = { type: 'done', wallMs, cpuMs, peakMemoryBytes, isSpent: isSpent !== false } as const
  if (fault === undefined) {
    const produced = readProduced(value['produced'])
    return typeof output === 'string' && produced !== undefined
      ? { ...base, output, ...(produced.length === 0 ? {} : { produced }) }
      : undefined
  }
  if (!isRecord(fault)) return undefined
  const { code, exitCode, message } = fault
  const knownCode = GUEST_FAULTS.find((known) => known === code)
  if (knownCode === undefined || typeof message !== 'string') return undefined
  return {
    ...base,
    fault: {
      code: knownCode,
      message: message.slice(0, FAULT_MESSAGE_LENGTH_MAX),
      ...(Number.isSafeInteger(exitCode) ? { exitCode: exitCode as number } : {})
    }
  }
}

function readProduced(value: unknown = []): ProducedFile[] | undefined {
  if (!Array.isArray(value) || value.length > LIMITS.taskFilesMax) return undefined
  const known = value.flatMap((file: unknown) => {
    if (!isRecord(file)) return []
    const { bytes, output, path } = file
    const isKnown = typeof path === 'string' && isCount(output) && isCount(bytes)
    return isKnown && Number.isInteger(bytes) ? [{ output, path, bytes }] : []
  })
  return known.length === value.length ? known : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER
}
