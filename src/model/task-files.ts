/**
 * Files and byte strings inside task documents and results, for every engine that has files: which
 * paths may be asked for, what bytes a document means, how bytes are written into a result. Pure: who
 * puts the files somewhere decides where, and trusts the paths that passed here.
 */
import { MeshError } from '../core/errors.ts'

/** One input file as a document has it: either text or bytes in base64. A reference in the place of text is none yet. */
export interface TaskFile {
  path: string
  text?: unknown
  base64?: string
}

/** One output file as a result has it: text where the bytes are plain text, else base64. */
export type ResultFile = { path: string; bytes: number } & EncodedBytes

export type EncodedBytes = { text: string } | { base64: string }

export const TASK_FILE_BOUNDS = {
  /** What one directory listing shows at a glance; more belong in an archive. */
  filesMax: 1_000,
  /** Tar, zip and most file systems agree on names up to this. */
  segmentBytesMax: 255,
  pathBytesMax: 1_024,
  depthMax: 16
} as const

/** How a document's text marks that base64 follows. */
const BASE64_MARK = 'base64:'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
// oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f]/
/** Beyond tabs and line ends, JSON writes a control character in six bytes; base64 is shorter then. */
// oxlint-disable-next-line no-control-regex -- As above.
const NOT_PLAIN_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A document's input files as bytes by path.
 * @param path where the list stands in the document, such as `task.files`
 * @throws MeshError FIELD_INVALID
 */
export function readTaskFiles(files: readonly TaskFile[], path: string): Map<string, Uint8Array> {
  checkTaskFiles(files, path)
  return new Map(files.map((file) => [file.path, bytesOfFile(file)]))
}

/** Refuses what could not be read, without reading it. @throws MeshError FIELD_INVALID */
export function checkTaskFiles(files: readonly TaskFile[], path: string): void {
  const { filesMax } = TASK_FILE_BOUNDS
  if (files.length > filesMax) {
    throw invalid(
      path,
      `has ${files.length} files`,
      `pass ${filesMax} files at most, or one archive`
    )
  }
  const paths = new Set<string>()
  const folders = new Set<string>()
  files.forEach((file, index) => {
    const where = `${path}[${index}]`
    checkTaskPath(file.path, `${where}.path`)
    if (paths.has(file.path))
      throw invalid(`${where}.path`, 'repeats another', 'name each file once')
    paths.add(file.path)
    checkFileContent(file, where)
    for (const folder of foldersAbove(file.path)) folders.add(folder)
  })
  for (const folder of folders) {
    if (paths.has(folder)) throw invalid(path, `has "${folder}" as file and folder`, 'rename one')
  }
}

/**
 * Refuses a path that could name anything outside the task's folder, or that systems read differently.
 * @param where the field that holds it, such as `task.files[0].path`
 * @throws MeshError FIELD_INVALID
 */
export function checkTaskPath(path: string, where: string): void {
  const { depthMax, pathBytesMax, segmentBytesMax } = TASK_FILE_BOUNDS
  const segments = path.split('/')
  const problem = segments.some((segment) => segment === '' || segment === '.' || segment === '..')
    ? 'is not a plain relative path'
    : CONTROL.test(path) || path.includes('\\') || !path.isWellFormed()
      ? 'has a character that a path may not have'
      : segments.length > depthMax
        ? `is deeper than ${depthMax} folders`
        : Buffer.byteLength(path) > pathBytesMax ||
            segments.some((segment) => Buffer.byteLength(segment) > segmentBytesMax)
          ? 'is too long'
          : undefined
  if (problem !== undefined) throw invalid(where, problem, 'write it like "in/data.txt"')
}

/**
 * Bytes of a text field that may also be written as `base64:…`.
 * @throws MeshError FIELD_INVALID
 */
export function bytesOfText(text: string, where: string): Uint8Array {
  checkText(text, where)
  return text.startsWith(BASE64_MARK)
    ? Buffer.from(text.slice(BASE64_MARK.length), 'base64')
    : Buffer.from(text)
}

/** Refuses what such a field could not mean. @throws MeshError FIELD_INVALID */
export function checkText(text: string, where: string): void {
  if (text.startsWith(BASE64_MARK)) checkBase64(text.slice(BASE64_MARK.length), where)
}

/** Bytes for a JSON result: nothing is lost, and what people can read stays readable. */
export function encodeBytes(bytes: Uint8Array): EncodedBytes {
  const text = plainText(bytes)
  return text === undefined ? { base64: Buffer.from(bytes).toString('base64') } : { text }
}

export function encodeResultFile(path: string, bytes: Uint8Array): ResultFile {
  return { path, bytes: bytes.byteLength, ...encodeBytes(bytes) }
}

function plainText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes)
    return NOT_PLAIN_TEXT.test(text) ? undefined : text
  } catch {
    // Not UTF-8.
    return undefined
  }
}

function checkFileContent({ base64, text }: TaskFile, where: string): void {
  if (text !== undefined && base64 !== undefined) {
    throw invalid(where, 'has both text and base64', 'leave one of the two out')
  }
  if (base64 !== undefined) checkBase64(base64, `${where}.base64`)
}

function bytesOfFile({ base64, text }: TaskFile): Uint8Array {
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  return Buffer.from(typeof text === 'string' ? text : '')
}

/** Node's decoder skips what is not base64, so a typo would pass for other bytes. */
function checkBase64(text: string, where: string): void {
  if (!BASE64.test(text)) throw invalid(where, 'is not base64', 'use A-Z a-z 0-9 + / and = padding')
}

/** `a/b/c` → `a`, `a/b` */
export function foldersAbove(path: string): string[] {
  const segments = path.split('/')
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'))
}

function invalid(path: string, what: string, hint: string): MeshError {
  return new MeshError('FIELD_INVALID', `${path} ${what}`, { path, hint, blame: 'job' })
}
