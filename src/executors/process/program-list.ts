/**
 * Which programs the owner lets tasks start. Each is looked up once, when the engine starts: a link
 * that leads elsewhere later is not what the owner allowed. Not a boundary: an interpreter on the list
 * runs any code, and the sandbox holds that; the list says what the machine is meant for.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { basename, isAbsolute, normalize } from 'node:path'
import { MeshError, messageOf } from '../../core/errors.ts'

export interface ProgramListInit {
  /** Absolute paths. */
  programs: readonly string[]
  /** Lets tasks start whatever is installed. @default false */
  isAnyAllowed?: boolean
}

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

  /** The owner's paths and the files behind them. */
  entries(): [path: string, file: string][] {
    return [...this.#allowed]
  }

  /**
   * The absolute path to start for `argv[0]`: a path as the owner wrote it, or a bare name of one.
   * @throws MeshError OWNER_REFUSED, so that the task goes to a worker that allows it; FIELD_INVALID
   */
  find(name: string): string {
    if (name.includes('/') ? normalize(name) !== name || !isAbsolute(name) : name === '') {
      throw new MeshError('FIELD_INVALID', `task.argv[0] "${name}" is not a program's path`, {
        path: 'task.argv[0]',
        hint: 'write an absolute path without "..", or a bare name',
        blame: 'job'
      })
    }
    const listed = [...this.#allowed].find(([path]) => path === name || basename(path) === name)
    if (listed !== undefined && realPath(listed[0]) === listed[1]) return listed[0]
    if (listed === undefined && this.#isAnyAllowed) return findAnywhere(name)
    throw refused(name)
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
function findAnywhere(name: string): string {
  if (name.includes('/')) return name
  const found = PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`).find(
    (path) => realPath(path) !== undefined
  )
  if (found === undefined) throw refused(name)
  return found
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
