/**
 * Which files the namespace offers and who has them, as this router knows it: from its own library, and from
 * what other nodes have said of theirs. It asks nobody; whoever follows the nodes tells it. Bounded, and
 * quick to show page by page however many files there are.
 */
import { EventEmitter } from 'node:events'
import { LIMITS } from '../core/limits.ts'
import { SortedFiles } from './sorted-files.ts'
import type { FileMark } from './sorted-files.ts'

/** A peer that says it has all of a file. */
export interface FileHolder {
  peer: string
  /** There it does not go to make room. */
  isPinned: boolean
  /** Storage jobs for which it is kept there. */
  keptFor: readonly string[]
}

/** A file that somebody offers. Its name and size are those that were said first; only its id is sure. */
export interface CatalogueFile extends FileMark {
  sizeBytes: number
  holderCount: number
}

/** A file as one node offers it. */
export interface Offer extends FileMark, Omit<FileHolder, 'peer'> {
  sizeBytes: number
}

export interface CataloguePage {
  /** @default 'name' */
  order?: 'name' | 'id'
  /** The last entry of the page before. By id, its id is enough. */
  after?: { id: string; name?: string }
  /** @default LIMITS.pageRowsMax, and never more */
  limit?: number
  /** Only files with this in their names, in capitals or not. */
  nameContains?: string
}

export interface CatalogueEvents {
  /** A peer has a file that it had not before. */
  appeared: [fileId: string, holder: FileHolder]
  /** What is said of a peer that has it: whether it is pinned, for whom it is kept. */
  changed: [fileId: string, holder: FileHolder]
  /** A peer has it no longer, or is lost itself. */
  lost: [fileId: string, peer: string]
}

export interface FileCatalogueInit {
  /** @default LIMITS.catalogueOffersMax */
  offersMax?: number
  /** @default LIMITS.offersPerPeerMax */
  offersPerPeerMax?: number
}

interface KnownFile extends FileMark {
  readonly sizeBytes: number
  /** By peer. */
  readonly holders: Map<string, FileHolder>
}

export class FileCatalogue {
  readonly events = new EventEmitter<CatalogueEvents>()
  readonly #init: Required<FileCatalogueInit>
  readonly #files = new Map<string, KnownFile>()
  /** The ids of what each peer has. */
  readonly #peers = new Map<string, Set<string>>()
  readonly #byName = new SortedFiles<KnownFile>('name')
  readonly #byId = new SortedFiles<KnownFile>('id')
  #offerCount = 0
  #sizeBytes = 0

  constructor(init: FileCatalogueInit = {}) {
    this.#init = {
      offersMax: LIMITS.catalogueOffersMax,
      offersPerPeerMax: LIMITS.offersPerPeerMax,
      ...init
    }
    // Every download of this router listens.
    this.events.setMaxListeners(0)
  }

  find(fileId: string): CatalogueFile | undefined {
    const file = this.#files.get(fileId)
    return file === undefined ? undefined : toView(file)
  }

  /** By peer id. */
  holders(fileId: string): FileHolder[] {
    const holders = [...(this.#files.get(fileId)?.holders.values() ?? [])]
    return holders.toSorted((left, right) => (left.peer < right.peer ? -1 : 1))
  }

  has(peer: string, fileId: string): boolean {
    return this.#files.get(fileId)?.holders.has(peer) === true
  }

  /** A page of all files. */
  list(page: CataloguePage = {}): CatalogueFile[] {
    const { after, limit = LIMITS.pageRowsMax, nameContains = '', order = 'name' } = page
    const rows = Math.min(limit, LIMITS.pageRowsMax)
    const wanted = nameContains.toLowerCase()
    const sorted = order === 'id' ? this.#byId : this.#byName
    const found: CatalogueFile[] = []
    if (rows <= 0) return found
    for (const file of sorted.after({ id: '', name: '', ...after })) {
      if (!file.name.toLowerCase().includes(wanted)) continue
      found.push(toView(file))
      if (found.length === rows) break
    }
    return found
  }

  /** How many files there are, their bytes, each once, and the copies of all of them. */
  totals(): { fileCount: number; sizeBytes: number; copyCount: number } {
    return {
      fileCount: this.#files.size,
      sizeBytes: this.#sizeBytes,
      copyCount: this.#offerCount
    }
  }

  /** What a peer has. */
  filesOf(peer: string): ReadonlySet<string> {
    return this.#peers.get(peer) ?? NONE
  }

  /** A peer offers a file, or says something else of one that it offers. @returns false when there is no room for it */
  offered(peer: string, { id, isPinned, keptFor, name, sizeBytes }: Offer): boolean {
    const holder: FileHolder = { peer, isPinned, keptFor }
    const known = this.#files.get(id)?.holders.get(peer)
    if (known !== undefined) {
      this.#files.get(id)?.holders.set(peer, holder)
      if (!isSame(known, holder)) this.events.emit('changed', id, holder)
      return true
    }
    const own = this.#peers.get(peer) ?? new Set()
    const { offersMax, offersPerPeerMax } = this.#init
    if (own.size >= offersPerPeerMax || this.#offerCount >= offersMax) return false
    this.#peers.set(peer, own.add(id))
    const file = this.#files.get(id) ?? this.#open({ id, name, sizeBytes, holders: new Map() })
    file.holders.set(peer, holder)
    this.#offerCount += 1
    this.events.emit('appeared', id, holder)
    return true
  }

  /** A peer offers it no longer. */
  withdrawn(peer: string, fileId: string): void {
    const file = this.#files.get(fileId)
    if (file?.holders.delete(peer) !== true) return
    const own = this.#peers.get(peer)
    own?.delete(fileId)
    if (own?.size === 0) this.#peers.delete(peer)
    this.#offerCount -= 1
    if (file.holders.size === 0) this.#close(file)
    this.events.emit('lost', fileId, peer)
  }

  /** A peer is lost, and with it all that it had. */
  forget(peer: string): void {
    for (const fileId of this.filesOf(peer)) this.withdrawn(peer, fileId)
  }

  #open(file: KnownFile): KnownFile {
    this.#files.set(file.id, file)
    this.#byName.add(file)
    this.#byId.add(file)
    this.#sizeBytes += file.sizeBytes
    return file
  }

  #close(file: KnownFile): void {
    this.#files.delete(file.id)
    this.#byName.remove(file)
    this.#byId.remove(file)
    this.#sizeBytes -= file.sizeBytes
  }
}

const NONE: ReadonlySet<string> = new Set()

function toView({ holders, id, name, sizeBytes }: KnownFile): CatalogueFile {
  return { id, name, sizeBytes, holderCount: holders.size }
}

function isSame(left: FileHolder, right: FileHolder): boolean {
  return left.isPinned === right.isPinned && left.keptFor.join() === right.keptFor.join()
}
