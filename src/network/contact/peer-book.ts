/**
 * The peers that a node was really connected with, in a file of its folder, so that it finds back into its mesh when
 * every bootstrap that it was given is dead or has moved. Small: who introduces others stays, of the rest those that
 * were seen last. A file that is not what this program writes is put aside, and never keeps a node from starting.
 */
import { renameSync } from 'node:fs'
import { peerIdFromString } from '@libp2p/peer-id'
import { MEMBER_ROLES } from '../../membership/documents.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { asRecord, parseJson } from '../../core/json.ts'
import { isWorthKeeping, readAddresses } from '../addresses.ts'
import { readSecret, writeSecret } from '../../core/secret-file.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MemberRole } from '../../membership/documents.ts'

export interface KnownPeer {
  peer: string
  /** As its certificate says; undefined in a mesh without an authority. */
  role: MemberRole | undefined
  keepsDht: boolean
  /** The one by which it was reached last comes first. */
  addresses: readonly string[]
  /** Milliseconds since 1970. */
  lastSeenMs: number
}

export interface PeerBookInit {
  file: string
  logger: Logger
  /** Those that this node wants most, beside all who introduce others. */
  wanted: readonly MemberRole[]
}

export const PEER_BOOK_FILE = 'peers.json'

const VERSION = 1
/** Each with its addresses at their longest. */
const FILE_BYTES_MAX = 2 * 1_024 * 1_024
/** Of each peer: those that have worked come first, and the rest seldom helps. */
const ADDRESSES_MAX = 8
/** Those of Ed25519 have 52. */
const PEER_ID_CHARACTERS_MAX = 128
/** Through these, a node finds everybody else. */
const INTRODUCERS: ReadonlySet<MemberRole | undefined> = new Set<MemberRole>([
  'bootstrap',
  'router',
  'monitor'
])

const Rank = { introducer: 0, wanted: 1, other: 2 } as const

export class PeerBook {
  readonly #init: PeerBookInit
  readonly #peers = new Map<string, KnownPeer>()

  constructor(init: PeerBookInit) {
    this.#init = init
  }

  get size(): number {
    return this.#peers.size
  }

  /** Reads what an earlier run has left. */
  load(): void {
    for (const known of this.#read()) this.#peers.set(known.peer, known)
    this.#dropLeast()
  }

  note(known: KnownPeer): void {
    const addresses = storable(known.addresses)
    if (addresses.length === 0) return
    this.#peers.set(known.peer, { ...known, addresses })
    this.#dropLeast()
  }

  /** Whom to dial first comes first. */
  ranked(): KnownPeer[] {
    return [...this.#peers.values()].toSorted(
      (left, right) =>
        this.#rank(left) - this.#rank(right) ||
        right.lastSeenMs - left.lastSeenMs ||
        (left.peer < right.peer ? -1 : 1)
    )
  }

  /** Whether a node that is cut off should come to this peer, however many others it has reached. */
  isWanted(known: KnownPeer): boolean {
    return this.#rank(known) < Rank.other
  }

  /** Writes it down. The disk may be full: then the book is as old as it is. */
  save(): void {
    const { file, logger } = this.#init
    const peers = this.ranked().map(toRow)
    try {
      writeSecret(file, `${JSON.stringify({ version: VERSION, peers })}\n`)
    } catch (cause) {
      const { code, message: why } = MeshError.from(cause)
      logger.warn({ file, code, why }, 'peer book not written')
    }
  }

  #rank({ keepsDht, role }: KnownPeer): number {
    if (keepsDht || INTRODUCERS.has(role)) return Rank.introducer
    return this.#init.wanted.some((one) => one === role) ? Rank.wanted : Rank.other
  }

  #dropLeast(): void {
    if (this.#peers.size <= LIMITS.peerBookMax) return
    for (const { peer } of this.ranked().slice(LIMITS.peerBookMax)) this.#peers.delete(peer)
  }

  #read(): KnownPeer[] {
    const { file, logger } = this.#init
    try {
      const text = readSecret(file)
      return text === undefined ? [] : parseBook(Buffer.from(text).toString())
    } catch (cause) {
      const aside = `${file}.aside`
      logger.warn({ file, aside, why: MeshError.from(cause).message }, 'peer book put aside')
      putAside(file, aside, logger)
      return []
    }
  }
}

/** @throws MeshError where it is no book of ours; of one that is, rows that make no sense are left out */
export function parseBook(text: string): KnownPeer[] {
  const { peers, version } = asRecord(parseJson(text, FILE_BYTES_MAX))
  if (version !== VERSION || !Array.isArray(peers)) {
    throw new MeshError('FIELD_INVALID', `it is no peer book of version ${VERSION}`)
  }
  return peers.flatMap((row: unknown) => fromRow(asRecord(row)) ?? [])
}

function fromRow(row: Record<string, unknown>): KnownPeer | undefined {
  const { addresses, keeps_dht: keepsDht, last_seen_ms: lastSeenMs, peer_id: peer, role } = row
  if (!isPeer(peer) || !isTexts(addresses)) return undefined
  if (typeof keepsDht !== 'boolean' || !Number.isSafeInteger(lastSeenMs)) return undefined
  if (role !== undefined && !isRole(role)) return undefined
  const usable = storable(addresses)
  if (usable.length === 0) return undefined
  return { peer, role, keepsDht, addresses: usable, lastSeenMs: lastSeenMs as number }
}

function toRow({ addresses, keepsDht, lastSeenMs, peer, role }: KnownPeer): object {
  return { peer_id: peer, role, keeps_dht: keepsDht, addresses, last_seen_ms: lastSeenMs }
}

function storable(addresses: readonly string[]): string[] {
  const kept = readAddresses(addresses).filter(isWorthKeeping).map(String)
  return [...new Set(kept)].slice(0, ADDRESSES_MAX)
}

function isPeer(value: unknown): value is string {
  // To read a long one takes the square of its length.
  if (typeof value !== 'string' || value.length > PEER_ID_CHARACTERS_MAX) return false
  try {
    return peerIdFromString(value).toString() === value
  } catch {
    return false
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isRole(value: unknown): value is MemberRole {
  return MEMBER_ROLES.some((role) => role === value)
}

function putAside(file: string, aside: string, logger: Logger): void {
  try {
    renameSync(file, aside)
  } catch (cause) {
    logger.warn({ file, err: cause }, 'peer book not put aside')
  }
}
