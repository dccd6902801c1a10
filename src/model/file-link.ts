/**
 * A link that works on another machine: which file, and, to help on the way, its name, its size and who
 * has it. Written as a magnet link is. Only the id is believed; the rest are hints. Pure.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { FILE_ID_PREFIX, isFileId } from './file-id.ts'
import { toSafeName } from './safe-name.ts'

export interface FileLink {
  id: string
  /** Safe to be the name of a file. */
  name?: string
  sizeBytes?: number
  /** Addresses of peers that have it. */
  peers: string[]
}

const SCHEME = 'taskmesh:?'
/** Looks at no more of a text than that: it may be a whole program. */
const BEGINNING = /^\s*taskmesh:\?/i
const URN = 'urn:sha256:'
/** A multiaddr, as far as a text shows it. */
const ADDRESS = /^(\/[\w.:%~-]+)+$/

export function isFileLink(text: string): boolean {
  return BEGINNING.test(text)
}

/** `taskmesh:?xt=urn:sha256:…&dn=name&xl=size&peer=…` */
export function formatFileLink({ id, name, peers, sizeBytes }: FileLink): string {
  const fields = [`xt=${URN}${id.slice(FILE_ID_PREFIX.length)}`]
  if (name !== undefined) fields.push(`dn=${encodeURIComponent(name)}`)
  if (sizeBytes !== undefined) fields.push(`xl=${sizeBytes}`)
  return SCHEME + [...fields, ...peers.map((peer) => `peer=${encodeAddress(peer)}`)].join('&')
}

/**
 * A link as somebody pasted it. Fields of other kinds are left alone, as later versions may have some.
 * @param path the field or argument that holds it
 * @throws MeshError FIELD_INVALID
 */
export function readFileLink(text: string, path: string): FileLink {
  const link = text.trim()
  const invalid = (why: string): MeshError =>
    new MeshError('FIELD_INVALID', `${path} is not a link to a file: ${why}`, {
      path,
      hint: 'write taskmesh:?xt=urn:sha256: and 64 hex digits, as `taskmesh files info` shows it'
    })
  if (link.length > LIMITS.fileLinkLettersMax) throw invalid('it is too long')
  if (!isFileLink(link)) throw invalid(`it does not begin with ${SCHEME}`)
  const fields = new URLSearchParams(link.slice(SCHEME.length))
  const topic = fields.get('xt') ?? ''
  if (!topic.toLowerCase().startsWith(URN)) throw invalid(`it has no xt=${URN}…`)
  const id = FILE_ID_PREFIX + topic.slice(URN.length).toLowerCase()
  if (!isFileId(id)) throw invalid(`64 hex digits should follow ${URN}`)
  const name = fields.get('dn')
  const size = fields.get('xl')
  const sizeBytes = size === null ? undefined : Number(size)
  const isSize = /^\d+$/.test(size ?? '0') && (sizeBytes ?? 0) <= LIMITS.fileBytesMax
  if (!isSize) throw invalid(`no file has ${size} bytes`)
  const peers = fields.getAll('peer')
  if (peers.length > LIMITS.fileLinkPeersMax) throw invalid('it names too many peers')
  const wrong = peers.find((peer) => !ADDRESS.test(peer))
  if (wrong !== undefined) throw invalid(`"${wrong}" is not an address`)
  return {
    id,
    ...(name === null ? {} : { name: toSafeName(name) }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    peers
  }
}

/** `/ip4/…/p2p/<peer id>`: whose address it is. */
export function peerOf(address: string): string {
  return address.split('/').at(-1) ?? ''
}

/** Slashes and colons stay, so that people can read it. */
function encodeAddress(address: string): string {
  return encodeURIComponent(address).replaceAll('%2F', '/').replaceAll('%3A', ':')
}
