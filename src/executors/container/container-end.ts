/**
 * How the end of a container reads: whose fault it was, which limit was reached and how much that is.
 * The exit code alone does not say: podman and docker use 125 to 127 themselves, and so may a program. Pure.
 */
import { MeshError } from '../../core/errors.ts'
import { crashed, failureOf, outOfDisk, outOfMemory, quote } from '../process/process-outcome.ts'
import type { ContainerState } from './container-cli.ts'
import type { ProgramEnd } from '../process/process-outcome.ts'

export interface ContainerEnd {
  /** Of the command that ran the container and showed its output. */
  cli: ProgramEnd
  /** Undefined when the runtime did not say. */
  state: ContainerState | undefined
  /** Whether the kernel ended a process of it for its memory. */
  isOutOfMemory: boolean
  /** Whether the worker's disk is full. */
  isDiskFull: boolean
  /** What the task has left in its folder. */
  diskBytes: number
  /** The last lines of standard error. */
  tail: string
}

export interface ContainerBounds {
  memoryBytesMax: number
  diskBytesMax: number
  /** What was to be started, for people. */
  program: string
}

/** By which podman and docker say that they made no container, may not start a program, or found none. */
const NOT_MADE = 125
const CANNOT_START = 126
const NOT_FOUND = 127
/** What both say of an image that names no program, when the task names none either. */
const NO_COMMAND = /\bno command\b/i
const NOT_FOUND_TEXT = 'the image has no program'

/** Of one that did not end well. */
export function errorOf(end: ContainerEnd, bounds: ContainerBounds): MeshError {
  const { cli, state, tail } = end
  if (end.isOutOfMemory || state?.isOutOfMemory === true) return outOfMemory(bounds.memoryBytesMax)
  if (end.isDiskFull) return noSpace('it ran full while the task ran')
  if (isWithoutCommand(end)) return withoutCommand()
  if (state === undefined || cli.code === null || state.isRunning) return crashed(cli, tail)
  if (state.hasBegun) {
    const error = failureOf({ code: state.exitCode, signal: null }, tail) ?? crashed(cli, tail)
    // As long as a file may be, so is the folder: a program that was stopped at its end has filled it.
    return end.diskBytes < bounds.diskBytesMax ? error : outOfDisk(bounds.diskBytesMax, error)
  }
  if (cli.code === NOT_FOUND) return notStarted(`${NOT_FOUND_TEXT} ${bounds.program}`, tail)
  if (cli.code === CANNOT_START) return notStarted(`the image can't start ${bounds.program}`, tail)
  return crashed(cli, tail)
}

/** Whether the runtime had come as far as looking for the program in the image. */
export function isProgramMissing({ message }: MeshError): boolean {
  return message.startsWith(NOT_FOUND_TEXT)
}

/** For others to run it: the task is not at fault, and comes to no harm. */
export function noSpace(how: string): MeshError {
  return new MeshError('RESOURCES_UNAVAILABLE', `no space on the worker's disk: ${how}`, {
    hint: 'its owner makes room there, or lowers container_disk',
    blame: 'worker'
  })
}

/** Such a container was never made, so that the runtime knows of none. */
function isWithoutCommand({ cli, state, tail }: ContainerEnd): boolean {
  return cli.code === NOT_MADE && state?.hasBegun !== true && NO_COMMAND.test(tail)
}

function withoutCommand(): MeshError {
  return new MeshError('FIELD_INVALID', 'the image has no program of its own', {
    path: 'task.argv',
    hint: 'name one that is in the image, by its path there',
    blame: 'job'
  })
}

function notStarted(what: string, tail: string): MeshError {
  return new MeshError('TASK_FAILED', `${what}${quote(tail)}`, {
    path: 'task.argv',
    hint: 'name a program that is in the image, by its path there'
  })
}
