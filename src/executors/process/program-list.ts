/**
 * Which programs the owner lets tasks start. Each is looked up once, when the engine starts: a link
 * that leads elsewhere later is not what the owner allowed. Not a boundary: an interpreter on the list
 * runs any code, and the sandbox holds that; the list says what the machine is meant for.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { isAbsolute, normalize } from 'node:path'
import { MeshError, messageOf } from '../../core/errors.ts'
import {
  ANY_PROGRAM,
  NAMES_LISTED_MAX,
  isProgramName,
  isSameProgram
} from '../../model/task-names.ts'

export interface ProgramListInit {
  /** Absolute paths. */
  programs: readonly string[]
  /** Lets tasks start whatever is installed. @default false */
  isAnyAllowed?: boolean
}

/** Paths of the usual length, as many as can be listed; what is longer would crowd a worker's record. */
const LISTED_LETTERS_MAX = 16_384

/** Where a bare name is looked for; the same order as the `PATH` that tasks get. */
export const PROGRAM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin'] as const

export class ProgramList {
  /** The owner's path → the file behind it. */
  readonly #allowed: ReadonlyMap<string, string>
  readonly #isAnyAllowed: boolean

  /** @throws MeshError ENGINE_UNAVAILABLE when a program is not there, or none is allowed */
  constructor({ isAnyAllowed = false, programs }: ProgramListInit) {
    this.#allowed = new Map(programs.map((path) => [path, resolveProgram(path)]))
    this.#isAnyAllowed = isAnyAllowed
    if (programs.length === 0 && !isAnyAllowed) {
      throw new MeshError('ENGINE_UNAVAILABLE', 'no program is allowed', {
        hint: 'name some with --program, such as --program /usr/bin/sort'
      })
    }
  }

  /** What to say of it to routers: the owner's paths, or that it is worth asking. */
  names(): readonly string[] {
    const paths = [...this.#allowed.keys()]
    const isShort = paths.length <= NAMES_LISTED_MAX && paths.join().length <= LISTED_LETTERS_MAX
    return isShort && !this.#isAnyAllowed ? paths : [ANY_PROGRAM]
  }

  /** The owner's paths and the files behind them. */
  entries(): [path: string, file: string][] {
    return [...this.#allowed]
  }

  /**
   * The absolute path to start for `argv[0]`: a path as the owner wrote it, or a bare name of one.
   * @throws MeshError OWNER_REFUSED, so that the task goes to a worker that allows it; FIELD_INVALID
   */
  find(name: string): string {
    if (!isProgramName(name)) {
      throw new MeshError('FIELD_INVALID', `task.argv[0] "${name}" is not a program's path`, {
        path: 'task.argv[0]',
        hint: 'write an absolute path without "..", or a bare name',
        blame: 'job'
      })
    }
    const path = this.pathOf(name)
    if (path === undefined) throw refused(name)
    return path
  }

  /** @returns why the owner will not have it; undefined also for what is no name of a program at all */
  refusalOf(name: string): MeshError | undefined {
    return isProgramName(name) && this.pathOf(name) === undefined ? refused(name) : undefined
  }

  /** The path to start for a name; undefined where the owner will not have it. */
  pathOf(name: string): string | undefined {
    const listed = [...this.#allowed].find(([path]) => isSameProgram(path, name))
    if (listed !== undefined) return realPath(listed[0]) === listed[1] ? listed[0] : undefined
    return this.#isAnyAllowed ? findAnywhere(name) : undefined
  }
}

function resolveProgram(path: string): string {
  try {
    if (!isAbsolute(path) || normalize(path) !== path) throw new Error('it is no absolute path')
    const file = realpathSync(path)
    accessSync(file, constants.X_OK)
    if (statSync(file).isFile()) return file
    throw new Error('it is no file')
  } catch (cause) {
    throw new MeshError(
      'ENGINE_UNAVAILABLE',
      `program ${path} can't be offered: ${messageOf(cause)}`,
      { hint: 'give the full path of a program that is installed', cause }
    )
  }
}

/** With any program allowed the sandbox's own view decides: what it doesn't show can't be started. */
function findAnywhere(name: string): string | undefined {
  if (name.includes('/')) return name
  return PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`).find(
    (path) => realPath(path) !== undefined
  )
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    // It is not there, or no longer.
    return undefined
  }
}

function refused(name: string): MeshError {
  return new MeshError('OWNER_REFUSED', `the owner of this worker does not allow "${name}"`, {
    path: 'task.argv[0]'
  })
}
