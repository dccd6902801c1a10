/** How the end of a program reads: the error of a failure, the JSON of a success. Pure. */
import { constants } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { encodeBytes, encodeResultFile } from '../../model/task-files.ts'
import { formatBytes } from '../../core/units.ts'
import type { CollectedOutputs } from './output-collector.ts'

export interface ProgramEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** Why it could not even be started. */
  problem?: string
}

/** Shells and sandboxes pass a signal on as an exit code above this. */
const SIGNAL_CODE_BASE = 128
/** Of standard error, in the message of a failure. */
const TAIL_LINES = 10
/** By which programs say that they could not write, in C and in Node. */
const NO_SPACE = /no space left on device|ENOSPC/i
const NO_SPACE_HINT =
  'files in /tmp count as memory (resources.memory), those in the folder as disk (resources.disk)'
/** Line ends and tabs apart: a message is shown in terminals, and must not steer them. */
// oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Undefined for a program that ended well. */
export function failureOf({ code, signal }: ProgramEnd, stderrTail: string): MeshError | undefined {
  if (code === 0) return undefined
  const how = signal === null ? `with exit code ${code}${signalName(code ?? 0)}` : `by ${signal}`
  const taskCode = signal === null ? String(code) : undefined
  return new MeshError('TASK_FAILED', `the program ended ${how}${quote(stderrTail)}`, {
    taskCode,
    hint: NO_SPACE.test(stderrTail) ? NO_SPACE_HINT : undefined
  })
}

function signalName(code: number): string {
  const number = code - SIGNAL_CODE_BASE
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found === undefined ? '' : `, as after ${found[0]}`
}

/**
 * The result's JSON text.
 * @throws MeshError TASK_OUTPUT_TOO_LARGE
 */
export function encodeResult(stdout: Uint8Array, outputs?: CollectedOutputs): string {
  const encoded = encodeBytes(stdout)
  const result = JSON.stringify({
    exit_code: 0,
    ...('text' in encoded ? { stdout: encoded.text } : { stdout_base64: encoded.base64 }),
    ...(outputs === undefined
      ? {}
      : { files: [...outputs.files].map(([path, bytes]) => encodeResultFile(path, bytes)) }),
    ...(outputs === undefined || outputs.skipped.length === 0 ? {} : { skipped: outputs.skipped })
  })
  if (Buffer.byteLength(result) > LIMITS.resultBytesMax) throw outputTooLarge()
  return result
}

export function outputTooLarge(): MeshError {
  return new MeshError(
    'TASK_OUTPUT_TOO_LARGE',
    `standard output and files together are longer than ${formatBytes(LIMITS.resultBytesMax)}`
  )
}

export function outOfMemory(memoryBytesMax: number): MeshError {
  return new MeshError(
    'TASK_OUT_OF_MEMORY',
    `the task needed more than its ${formatBytes(memoryBytesMax)} of memory`,
    {
      path: 'resources.memory',
      hint: 'files in /tmp and in a small folder count; ask for more with resources.memory'
    }
  )
}

/** @param failure how the program ended because of it, where it was not ended from outside */
export function outOfDisk(diskBytesMax: number, failure?: MeshError): MeshError {
  const how = failure === undefined ? '' : `; ${failure.message}`
  return new MeshError(
    'TASK_OUT_OF_DISK',
    `the task's files needed more than its ${formatBytes(diskBytesMax)} of disk${how}`,
    { path: 'resources.disk', hint: 'ask for more with resources.disk' }
  )
}

/** Where a watch bounds the disk, what it can't see may be any size. */
export function uncountable(): MeshError {
  return new MeshError(
    'TASK_OUT_OF_DISK',
    "the size of the task's folder can't be told: it is too deep, or closed to its own user",
    { path: 'resources.disk', hint: 'use shorter paths, and leave folders readable' }
  )
}

/** What the task can't help: the enclosure broke before the program began, or without it. */
export function crashed({ code, problem, signal }: ProgramEnd, stderrTail: string): MeshError {
  const how = problem ?? signal ?? `exit code ${code}`
  return new MeshError(
    'SANDBOX_CRASHED',
    `the sandbox ended by itself (${how})${quote(stderrTail)}`
  )
}

/** The files that came with the task did not fit into its folder. */
export function notUnpacked(stderrTail: string): MeshError {
  return new MeshError('TASK_FAILED', `the input files could not be written${quote(stderrTail)}`, {
    path: 'task.files',
    hint: 'ask for more with resources.memory'
  })
}

/** The last lines, below what is said of them, and fit to be shown anywhere. */
export function quote(stderrTail: string): string {
  const text = stripVTControlCharacters(stderrTail).replaceAll(CONTROL, '').trim()
  const lines = text.split('\n').slice(-TAIL_LINES).join('\n')
  return lines === '' ? '' : `:\n${lines}`
}
