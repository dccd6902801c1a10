/**
 * What the `from` of an input says: a file of the mesh, what another job left, a text, or an address of the
 * web. Read here alone, so that every part of the program takes the same text for the same thing. Pure.
 */
import { FILE_ID_PREFIX, readFileId } from './file-id.ts'
import { isFileLink, readFileLink } from './file-link.ts'
import { MeshError } from '../core/errors.ts'
import type { InputDocument } from './generated/job.ts'

export type InputOrigin =
  /** `peers`: addresses of those who are said to have it. */
  | { kind: 'mesh'; file: string; peers: readonly string[] }
  | { kind: 'job'; output: OutputReference }
  | { kind: 'inline'; text: string }
  | { kind: 'web'; url: string; sha256: string }

/** An output of a job by its id, or by its name within the same graph; of one item where the job has several. */
export interface OutputReference {
  job: string
  item: string | undefined
  name: string
}

const MESH = 'mesh:'
const JOB = 'job:'
const INLINE = 'inline:'
const MESH_FILE = /^mesh:sha256:[0-9a-f]{64}$/
const OUTPUT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/
const URL_LETTERS_MAX = 4_096

/**
 * @param path where the input stands in the document, such as `inputs[2]`
 * @throws MeshError FIELD_INVALID, FIELD_MISSING
 */
export function readInput({ from, sha256 }: InputDocument, path: string): InputOrigin {
  const where = `${path}.from`
  if (/^https:/i.test(from)) return readWeb(from, sha256, path)
  if (sha256 !== undefined) {
    throw new MeshError('FIELD_INVALID', `${path}.sha256 is for an https: address`, {
      path: `${path}.sha256`,
      hint: 'leave it out: a file of the mesh is checked by its id'
    })
  }
  if (from.startsWith(MESH) || isFileLink(from)) return readMeshFile(from, where)
  if (from.startsWith(JOB)) return { kind: 'job', output: readOutputReference(from, where) }
  if (from.startsWith(INLINE)) return { kind: 'inline', text: from.slice(INLINE.length) }
  throw unknownOrigin(from, where)
}

/** `mesh:` and an id, or a link. @throws MeshError FIELD_INVALID */
export function readMeshFile(text: string, path: string): Extract<InputOrigin, { kind: 'mesh' }> {
  if (isFileLink(text)) {
    const { id, peers } = readFileLink(text, path)
    return { kind: 'mesh', file: id, peers }
  }
  try {
    return { kind: 'mesh', file: readFileId(text.slice(MESH.length), path), peers: [] }
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `${path} names no file of the mesh`, {
      path,
      hint: `write ${MESH}${FILE_ID_PREFIX} and 64 hex digits, as \`taskmesh files info\` shows them`,
      cause
    })
  }
}

/** Whether a text that may also be a program's own is a file of the mesh instead. */
export function isMeshFile(text: string): boolean {
  return MESH_FILE.test(text) || (isFileLink(text) && !/\s/.test(text.trim()))
}

export function toMeshUri(file: string): string {
  return MESH + file
}

export function toJobUri({ item, job, name }: OutputReference): string {
  return `${JOB}${item === undefined ? job : `${job}/${item}`}/${name}`
}

/** An item's id may have slashes of its own; jobs' and outputs' names have none. */
function readOutputReference(from: string, path: string): OutputReference {
  const rest = from.slice(JOB.length)
  const first = rest.indexOf('/')
  const last = rest.lastIndexOf('/')
  const job = rest.slice(0, Math.max(first, 0))
  const name = rest.slice(last + 1)
  const item = first === last ? undefined : rest.slice(first + 1, last)
  if (job === '' || item === '' || !OUTPUT_NAME.test(name)) {
    throw new MeshError('FIELD_INVALID', `${path} names no output of a job`, {
      path,
      hint: 'write job:<id or name>/<output>, of an array job job:<id or name>/<item>/<output>'
    })
  }
  return { job, item, name }
}

function readWeb(from: string, sha256: string | undefined, path: string): InputOrigin {
  const where = `${path}.from`
  const url = URL.parse(from)
  if (url === null || from.length > URL_LETTERS_MAX || url.username !== '' || url.password !== '') {
    throw new MeshError('FIELD_INVALID', `${where} is no address of the web`, {
      path: where,
      hint: `write it like https://example.org/data.bin, without a user's name, in up to ${URL_LETTERS_MAX} letters`
    })
  }
  if (sha256 === undefined) {
    throw new MeshError('FIELD_MISSING', `${path}.sha256 is missing`, {
      path: `${path}.sha256`,
      hint: `what is at ${url.host} may change: write what \`sha256sum\` says of the right file`
    })
  }
  // What stands behind `#` is not sent.
  url.hash = ''
  return { kind: 'web', url: url.href, sha256 }
}

function unknownOrigin(from: string, path: string): MeshError {
  const shown = from.length > 40 ? `${from.slice(0, 40)}…` : from
  const hint = from.startsWith('@')
    ? 'submit the job with `taskmesh job run`, which adds the file; or add it with `taskmesh files add` and write mesh:sha256:…'
    : /^http:/i.test(from)
      ? 'write https:; anybody on the way could change what comes over http'
      : `write mesh:sha256:…, a link taskmesh:?…, job:<id>/<output>, inline:<text> or https://…`
  return new MeshError('FIELD_INVALID', `${path} "${shown}" cannot be an input`, { path, hint })
}
