/**
 * Names that come from outside, before they touch a file system: of any system, for a file that is
 * shared on one is fetched on another. A name is taken as it is or refused with the reason, or, where
 * somebody must be given one anyway, made safe. Pure.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'

/** Control characters, and marks that make a text show as another than it is. */
const UNSEEN = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u
/** What Windows allows in no name; the slashes part folders. */
const FORBIDDEN = /[<>:"|?*\\/]/
/** Devices of Windows, which any ending leaves devices. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i
/** Windows drops them, and so makes another name. */
const LOOSE_END = /[. ]+$/
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
  if (bytesOf(path) > LIMITS.filePathBytesMax) {
    return `it is longer than ${LIMITS.filePathBytesMax} bytes`
  }
  for (const part of path.split('/')) {
    const fault = nameFault(part)
    if (fault !== undefined) return part === path ? fault : `of its part "${part}": ${fault}`
  }
  return undefined
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
 * apart, or of which one would have to be a file and a folder at once.
 */
export function findClash(paths: Iterable<string>): PathClash | undefined {
  /** What a careless system sees → the path as it is written, and whether it is a file. */
  const seen = new Map<string, { path: string; isFile: boolean }>()
  for (const path of paths) {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const isFile = end === -1
      const part = isFile ? path : path.slice(0, end)
      const key = careless(part)
      const known = seen.get(key)
      if (known === undefined) seen.set(key, { path: part, isFile })
      else if (isFile || known.isFile || known.path !== part) return { path, other: known.path }
      if (isFile) break
    }
  }
  return undefined
}

/** Capitals first, as some small letters share one (`ß` and `ss`). */
function careless(path: string): string {
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
