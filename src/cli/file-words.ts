/** Files as people name them on the command line: an id, its first digits, or a link. */
import { isFileLink, readFileLink } from '../model/file-link.ts'
import type { FileLink } from '../model/file-link.ts'

export const FILE_IDS = {
  name: 'file',
  describe: 'ids, their first digits (four at least), or links',
  isList: true
} as const

/** As job files name one. */
const MESH = /^mesh:(?=sha256:)/

/** @throws MeshError FIELD_INVALID for a link that is none */
export function readFileWord(text: string): Pick<FileLink, 'id' | 'name' | 'peers'> {
  return isFileLink(text) ? readFileLink(text, 'file') : { id: text.replace(MESH, ''), peers: [] }
}

/** As tables show it; enough for every command that takes an id. */
export function shortFileId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}
