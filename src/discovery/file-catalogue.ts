/**
 * Which files the namespace offers and who has them, as this router knows it: from its own library, and from
 * what other nodes have said of theirs. It asks nobody; whoever follows the nodes tells it. Bounded, and
 * quick to show page by page however many files there are. Where there is no room for all, the nodes that offer
 * most give way: a few cannot keep the others out.
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
  /** This node, which gives way to nobody. @default '' */
  selfPeer?: string
}

interface KnownFile extends FileMark {
  readonly sizeBytes: number
  /** By peer. */
  readonly holders: Map<string, FileHolder>
}

interface KnownPeer {
  readonly ids: Set<string>
  /** Of all its offers. */
  weight: number
}

/** Given way with at once, so that the largest need not be looked for again with each file. */
const GIVEN_WAY_MAX = 256

export class FileCatalogue {
  readonly events = new EventEmitter<CatalogueEvents>()
  readonly #init: Required<FileCatalogueInit>
  readonly #files = new Map<string, KnownFile>()
  readonly #peers = new Map<string, KnownPeer>()
  readonly #byName = new SortedFiles<KnownFile>('name')
  readonly #byId = new SortedFiles<KnownFile>('id')
  #offerCount = 0
  #weight = 0
  #sizeBytes = 0

  constructor(init: FileCatalogueInit = {}) {
    this.#init = {
      offersMax: LIMITS.catalogueOffersMax,
      offersPerPeerMax: LIMITS.offersPerPeerMax,
      selfPeer: '',
      ...init
    }
    // Every download of this router listens.
    this.events.setMaxListeners(0)
  }

  get fileCount(): number {
    return this.#files.size
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
    return this.#peers.get(peer)?.ids ?? NONE
  }

  /** A peer offers a file, or says something else of one that it offers. @returns false when there is no room for it */
  offered(peer: string, { id, isPinned, keptFor, name, sizeBytes }: Offer): boolean {
    const holder: FileHolder = { peer, isPinned, keptFor }
    const known = this.#files.get(id)?.holders.get(peer)
    const more = weightOf(holder) - (known === undefined ? 0 : weightOf(known))
    if (more > 0 && !this.#hasRoom(peer, more)) return false
    const own = this.#peers.get(peer) ?? { ids: new Set(), weight: 0 }
    this.#peers.set(peer, own)
    own.ids.add(id)
    own.weight += more
    this.#weight += more
    const file = this.#files.get(id) ?? this.#open({ id, name, sizeBytes, holders: new Map() })
    file.holders.set(peer, holder)
    if (known === undefined) {
      this.#offerCount += 1
      this.events.emit('appeared', id, holder)
    } else if (!isSame(known, holder)) this.events.emit('changed', id, holder)
    return true
  }

  /** A peer offers it no longer. */
  withdrawn(peer: string, fileId: string): void {
    const file = this.#files.get(fileId)
    const holder = file?.holders.get(peer)
    const own = this.#peers.get(peer)
    if (file === undefined || holder === undefined || own === undefined) return
    file.holders.delete(peer)
    own.ids.delete(fileId)
    own.weight -= weightOf(holder)
    this.#weight -= weightOf(holder)
    if (own.ids.size === 0) this.#peers.delete(peer)
    this.#offerCount -= 1
    if (file.holders.size === 0) this.#close(file)
    this.events.emit('lost', fileId, peer)
  }

  /** A peer is lost, and with it all that it had. */
  forget(peer: string): void {
    for (const fileId of this.filesOf(peer)) this.withdrawn(peer, fileId)
  }

  #hasRoom(peer: string, more: number): boolean {
    const { offersMax, offersPerPeerMax } = this.#init
    const weight = (this.#peers.get(peer)?.weight ?? 0) + more
    if (weight > offersPerPeerMax) return false
    const missing = this.#weight + more - offersMax
    return missing <= 0 || this.#giveWay(weight, missing)
  }

  /** Whoever offers most offers less, down to what the newcomer has. @returns whether that is enough */
  #giveWay(weight: number, missing: number): boolean {
    let largest: [string, KnownPeer] | undefined
    for (const entry of this.#peers) {
      if (entry[0] === this.#init.selfPeer) continue
      if (largest === undefined || entry[1].weight > largest[1].weight) largest = entry
    }
    if (largest === undefined) return false
    const [peer, { ids, weight: most }] = largest
    if (most - missing < weight) return false
    const leftMin = most - Math.min(Math.max(GIVEN_WAY_MAX, missing), most - weight)
    const isKept = (id: string): boolean =>
      (this.#files.get(id)?.holders.get(peer)?.keptFor.length ?? 0) > 0
    // What somebody counts on goes last.
    for (const id of [...ids].toSorted((a, b) => Number(isKept(a)) - Number(isKept(b)))) {
      if (largest[1].weight <= leftMin) break
      this.withdrawn(peer, id)
    }
    return true
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

/** For whom a file is kept is told as well, and takes room. */
function weightOf({ keptFor }: Pick<FileHolder, 'keptFor'>): number {
  return Math.max(1, keptFor.length)
}

function toView({ holders, id, name, sizeBytes }: KnownFile): CatalogueFile {
  return { id, name, sizeBytes, holderCount: holders.size }
}

function isSame(left: FileHolder, right: FileHolder): boolean {
  return left.isPinned === right.isPinned && left.keptFor.join() === right.keptFor.join()
}
