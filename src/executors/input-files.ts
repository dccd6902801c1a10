/**
 * A task's inputs and its program, looked up on this machine for engines whose guests see no disk: what there is to
 * read, bounded before anything is read.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { formatBytes } from '../core/units.ts'
import { join } from 'node:path'
import { readdir, stat } from 'node:fs/promises'
import type { TaskInput } from './executor.ts'

export interface InputBounds {
  /** Of all inputs together. */
  bytesMax: number
  /** For whom they are too large. */
  hint: string
}

export interface InputListing {
  /** In the task. */
  path: string
  /** Files by their paths within it; of a file one, with the empty path. */
  files: readonly InputFile[]
}

export interface InputFile {
  path: string
  source: string
  sizeBytes: number
}

/** @throws MeshError FIELD_INVALID where they are too large, or too many */
export async function listInputs(
  inputs: readonly TaskInput[],
  { bytesMax, hint }: InputBounds
): Promise<InputListing[]> {
  const listings: InputListing[] = []
  for (const { path, source, kind } of inputs) {
    const files: InputFile[] = []
    if (kind === 'file') files.push({ path: '', source, sizeBytes: (await stat(source)).size })
    else await listFolder(source, '', files)
    listings.push({ path, files })
  }
  const all = listings.flatMap(({ files }) => files)
  const bytes = all.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
  if (bytes > bytesMax) {
    throw refused(
      `the inputs are ${formatBytes(bytes)}, and may be ${formatBytes(bytesMax)} here`,
      hint
    )
  }
  return listings
}

/** Its length. @throws MeshError FIELD_INVALID where that is too much */
export async function programBytes(path: string, bytesMax: number): Promise<number> {
  const { size } = await stat(path)
  if (size <= bytesMax) return size
  throw new MeshError(
    'FIELD_INVALID',
    `the program is ${formatBytes(size)}, and may be ${formatBytes(bytesMax)}`,
    { path: 'task', hint: 'build it smaller, or pass its data as inputs', blame: 'job' }
  )
}

async function listFolder(source: string, path: string, files: InputFile[]): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const inner = path === '' ? entry.name : `${path}/${entry.name}`
    const at = join(source, entry.name)
    if (entry.isDirectory()) await listFolder(at, inner, files)
    else files.push({ path: inner, source: at, sizeBytes: (await stat(at)).size })
    if (files.length <= LIMITS.taskFilesMax) continue
    throw refused(
      `an input has more than ${LIMITS.taskFilesMax} files`,
      'pack them into an archive, or use engine process'
    )
  }
}

function refused(message: string, hint: string): MeshError {
  return new MeshError('FIELD_INVALID', message, { path: 'inputs', hint, blame: 'job' })
}
