/**
 * Names that come from outside, before they touch a file system: of any system, for a file that is
 * shared on one is fetched on another. A name is taken as it is or refused with the reason, or, where
 * somebody must be given one anyway, made safe. Pure.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'

/** Control characters, and marks that make a text show as another than it is. */
const UNSEEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u
/** What Windows allows in no name; the slashes part folders. */
const FORBIDDEN = /[<>:"|?*\\/]/
/** Devices of Windows, which any ending leaves devices. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i
/** Windows drops them, and so makes another name. A run is tried from its beginning alone: from each of its letters takes its length squared. */
const LOOSE_END = /(?<![. ])[. ]+$/
const NAMELESS = 'file'
/** An ending longer than this is no ending, but a name with a dot in it. */
const ENDING_LETTERS_MAX = 16

const encoder = new TextEncoder()

/** Why a text may not be the name of a file; undefined where it may. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name === '.' || name === '..') return 'it names a folder'
  if (!name.isWellFormed()) return 'it is no Unicode text'
  if (UNSEEN.test(name)) return 'it has characters that do not show'
  if (FORBIDDEN.test(name)) return 'it has one of < > : " | ? * \\ /'
  if (LOOSE_END.test(name)) return 'it ends in a dot or a space'
  if (RESERVED.test(name)) return 'it is the name of a device on Windows'
  if (bytesOf(name) > LIMITS.fileNameBytesMax) {
    return `it is longer than ${LIMITS.fileNameBytesMax} bytes`
  }
  return undefined
}

/**
 * Why a text may not be the path of a file in a folder; undefined where it may.
 * @param path relative, its parts joined by `/` on every system
 */
export function pathFault(path: string): string | undefined {
  const tooLong = lengthFault(path)
  if (tooLong !== undefined) return tooLong
  for (const part of path.split('/')) {
    const fault = nameFault(part)
    if (fault !== undefined) return part === path ? fault : `of its part "${part}": ${fault}`
  }
  return undefined
}

/** Why a text is too long for a path; undefined where it is not. */
export function lengthFault(path: string): string | undefined {
  const { filePathBytesMax } = LIMITS
  return bytesOf(path) > filePathBytesMax
    ? `it is longer than ${filePathBytesMax} bytes`
    : undefined
}

/**
 * A name that is to be used as it is.
 * @param path the field or argument that holds it
 * @throws MeshError FIELD_INVALID
 */
export function checkFileName(name: string, path: string): string {
  const fault = nameFault(name)
  if (fault === undefined) return name
  throw new MeshError('FIELD_INVALID', `${path} is not a name for a file: ${fault}`, { path })
}

/** The same name where it is safe, and otherwise one like it that is. */
export function toSafeName(text: string): string {
  const clean = text
    .toWellFormed()
    .replaceAll(new RegExp(UNSEEN, 'gu'), '_')
    .replaceAll(new RegExp(FORBIDDEN, 'g'), '_')
    .replace(LOOSE_END, '')
  const name = shorten(RESERVED.test(clean) ? `_${clean}` : clean).replace(LOOSE_END, '')
  return name === '' ? NAMELESS : name
}

/** Two paths of one folder that cannot both be written on every system. */
export interface PathClash {
  path: string
  other: string
}

/**
 * Finds two paths that some system takes for one, as it does not tell capitals or forms of Unicode
 * apart, or of which one would have to be a file and a folder at once. Sorted, what lies in one folder stands
 * together: a table of all folders on the way would be far larger than the paths.
 */
export function findClash(paths: Iterable<string>): PathClash | undefined {
  const seen = Array.from(paths, (path, index) => ({ path, index, key: careless(path) }))
  const files = new Map(seen.map((each) => [each.key, each]))
  seen.sort((left, right) => (left.key < right.key ? -1 : Number(left.key > right.key)))
  let before: SeenPath | undefined
  for (const each of seen) {
    const shared = before === undefined ? 0 : sharedFolderLetters(before.key, each.key)
    const clash =
      (before === undefined ? undefined : clashBeside(before, each, shared)) ??
      clashAbove(each, files, shared)
    if (clash !== undefined) return clash
    before = each
  }
  return undefined
}

interface SeenPath {
  path: string
  index: number
  /** What a careless system sees. */
  key: string
}

/** How far two paths lead through the same folders: with the last slash that they share. */
export function sharedFolderLetters(left: string, right: string): number {
  let folders = 0
  for (let at = 0; at < left.length && left[at] === right[at]; at += 1) {
    if (left[at] === '/') folders = at + 1
  }
  return folders
}

/** Two neighbours are one path, or a folder on their way has two names. */
function clashBeside(left: SeenPath, right: SeenPath, shared: number): PathClash | undefined {
  if (left.key === right.key) return clashOf(left.path, right.path, left.index < right.index)
  const depth = left.key.slice(0, shared).split('/').length - 1
  const names = left.path.split('/', depth)
  const others = right.path.split('/', depth)
  const wrong = names.findIndex((name, at) => name !== others[at])
  if (wrong === -1) return undefined
  return left.index < right.index
    ? { path: right.path, other: names.slice(0, wrong + 1).join('/') }
    : { path: left.path, other: others.slice(0, wrong + 1).join('/') }
}

/** A folder on the way, of those that the neighbour does not share, is a file. */
function clashAbove(
  { index, key, path }: SeenPath,
  files: ReadonlyMap<string, SeenPath>,
  shared: number
): PathClash | undefined {
  for (let end = key.indexOf('/', shared); end !== -1; end = key.indexOf('/', end + 1)) {
    const file = files.get(key.slice(0, end))
    if (file === undefined) continue
    const depth = key.slice(0, end).split('/').length
    const folder = path.split('/', depth).join('/')
    return file.index < index ? { path, other: file.path } : { path: file.path, other: folder }
  }
  return undefined
}

function clashOf(left: string, right: string, isInOrder: boolean): PathClash {
  return isInOrder ? { path: right, other: left } : { path: left, other: right }
}

/** Capitals first, as some small letters share one (`ß` and `ss`). */
function careless(path: string): string {
  // oxlint-disable-next-line no-control-regex -- most names are such
  if (/^[\0-\x7f]*$/.test(path)) return path.toLowerCase()
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC')
}

/** Cuts in the middle, so that the ending stays and still says what the file is. */
function shorten(name: string): string {
  if (bytesOf(name) <= LIMITS.fileNameBytesMax) return name
  const dot = name.lastIndexOf('.')
  const hasEnding = dot > 0 && name.length - dot <= ENDING_LETTERS_MAX
  const ending = hasEnding ? name.slice(dot) : ''
  let leftBytes = LIMITS.fileNameBytesMax - bytesOf(ending)
  let stem = ''
  for (const letter of hasEnding ? name.slice(0, dot) : name) {
    leftBytes -= bytesOf(letter)
    if (leftBytes < 0) break
    stem += letter
  }
  return stem + ending
}

function bytesOf(text: string): number {
  return encoder.encode(text).length
}
