/**
 * Everything below a folder, one after the other, whatever its names: plain files with what the system
 * says of them, folders before what is in them, and what is neither or can't be read, with the reason.
 * No link is followed.
 */
import { lstat, readdir } from 'node:fs/promises'
import { basename, relative, sep } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import type { BigIntStats, Dirent } from 'node:fs'
import type { AbortOptions } from '../../core/abort.ts'

export type Found =
  | { kind: 'folder' | 'file'; path: string; stats: BigIntStats }
  | { kind: 'problem'; path: string; why: string }

export interface WalkOptions extends AbortOptions {
  /** Folders that are left out. */
  exclude: ReadonlySet<string>
  /** Otherwise what has a name that begins with a dot is a problem. @default true */
  takesHidden?: boolean
}

/** Asked of the system at once. */
const ASKED_MAX = 64

export async function* walkFolder(
  root: string,
  { exclude, signal, takesHidden = true }: WalkOptions
): AsyncGenerator<Found, undefined> {
  const waiting = [await lookAt(root, 'folder')]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    signal?.throwIfAborted()
    // Before it is read: whoever watches it from now on misses nothing.
    yield next
    if (next.kind !== 'folder') continue
    const inside: Found[] = []
    for await (const found of readFolder(next.path)) {
      if (!takesHidden && isHidden(found.path)) yield hidden(found.path)
      else if (found.kind !== 'folder') yield found
      else if (!exclude.has(found.path)) inside.push(found)
    }
    // One folder after the other, so that a large tree takes little memory.
    waiting.push(...inside.toReversed())
  }
}

/** A path as a folder's list has it: below the folder, with `/`. */
export function pathBelow(root: string, path: string): string {
  return relative(root, path).split(sep).join('/')
}

async function* readFolder(path: string): AsyncGenerator<Found, undefined> {
  try {
    // As bytes: a name need be no text.
    const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' })
    const sorted = entries.toSorted((left, right) => Buffer.compare(left.name, right.name))
    for (let start = 0; start < sorted.length; start += ASKED_MAX) {
      const few = sorted.slice(start, start + ASKED_MAX)
      // oxlint-disable-next-line no-await-in-loop -- a hundred thousand at once would fill the memory
      yield* await Promise.all(few.map((entry) => look(path, entry)))
    }
  } catch (cause) {
    yield { kind: 'problem', path, why: messageOf(cause) }
  }
}

async function look(folder: string, entry: Dirent<NonSharedBuffer>): Promise<Found> {
  const name = entry.name.toString('utf8')
  const path = folder.endsWith(sep) ? folder + name : folder + sep + name
  if (Buffer.compare(Buffer.from(name), entry.name) !== 0) {
    return { kind: 'problem', path, why: 'its name is no UTF-8 text' }
  }
  if (entry.isSymbolicLink()) return { kind: 'problem', path, why: 'links are not followed' }
  if (entry.isDirectory()) return lookAt(path, 'folder')
  if (entry.isFile()) return lookAt(path, 'file')
  return { kind: 'problem', path, why: 'it is neither a file nor a folder' }
}

function isHidden(path: string): boolean {
  return basename(path).startsWith('.')
}

function hidden(path: string): Found {
  return { kind: 'problem', path, why: 'hidden, and share_hidden is not set' }
}

async function lookAt(path: string, kind: 'folder' | 'file'): Promise<Found> {
  try {
    return { kind, path, stats: await lstat(path, { bigint: true }) }
  } catch (cause) {
    return { kind: 'problem', path, why: messageOf(cause) }
  }
}
