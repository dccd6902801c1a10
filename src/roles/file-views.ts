/** Files as the HTTP API shows them: what the catalogue knows of all nodes, joined with what the router itself has. */
import { FILE_ID_PREFIX } from '../model/file-id.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { formatFileLink } from '../model/file-link.ts'
import { planOf } from '../files/content/piece-plan.ts'
import type { CatalogueFile, CataloguePage, FileCatalogue } from '../discovery/file-catalogue.ts'
import type { FileEntry } from '../files/store/file-index.ts'
import type { FileErrands } from '../files/service/file-errands.ts'
import type {
  FileHolderView,
  FileKeep,
  FileProgress,
  FileView
} from '../model/generated/api-file.ts'
import type { FileService } from '../files/service/file-service.ts'
import type { FileServices } from '../http/services.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { StorageKeeper } from '../dispatch/storage-keeper.ts'

export interface FileViewsComponents {
  catalogue: Pick<FileCatalogue, 'find' | 'holders' | 'list'>
  errands: FileErrands
  node: Pick<MeshNode, 'addresses' | 'knownAddresses' | 'selfPeer'>
  service: FileService
  isWorker: (peer: string) => boolean
  /** What storage jobs ask for of a file. */
  ordersOf: StorageKeeper['ordersOf']
}

const HOLDERS_SHOWN = 100
const ORDERS_SHOWN = 100
const TRANSFERS_SHOWN = 100
/** Of a whole id. */
const DIGITS = 64
/** Shorter ones begin too many ids to be a name of one. */
const PREFIX = /^(?:sha256:)?([0-9a-f]{4,64})$/

export class FileViews {
  readonly #components: FileViewsComponents

  constructor(components: FileViewsComponents) {
    this.#components = components
  }

  list({ after, name, ...page }: Parameters<FileServices['list']>[0]): FileView[] {
    const { catalogue } = this.#components
    const start = after === undefined ? {} : { after: this.#place(after) }
    const wanted: CataloguePage = {
      ...page,
      ...start,
      ...(name === undefined ? {} : { nameContains: name })
    }
    const rows = [...catalogue.list(wanted), ...this.#partsIn(wanted)]
    return rows
      .toSorted((left, right) => compareBy(page.order, left, right))
      .slice(0, page.limit)
      .map((file) => this.#row(file))
  }

  /** Those that are being fetched now. */
  transfers(): FileView[] {
    return this.#components.service
      .progress()
      .slice(0, TRANSFERS_SHOWN)
      .map(({ fileId }) => {
        const progress = this.#progress(fileId)
        return { ...this.#row(this.#file(fileId)), ...(progress === undefined ? {} : { progress }) }
      })
  }

  /** @throws MeshError FILE_NOT_FOUND where nobody is known to have it */
  async describe(id: string): Promise<FileView> {
    const { service } = this.#components
    const file = this.#file(id)
    const own = service.library.get(id)
    const progress = this.#progress(id)
    const keep = this.#orders(id)
    return {
      ...this.#row(file),
      ...(own === undefined
        ? {}
        : {
            piece_size: own.pieceBytes,
            piece_count: planOf(own.sizeBytes, own.pieceBytes).count
          }),
      link: await this.#link(file),
      held_by: this.#holders(id),
      ...(progress === undefined ? {} : { progress }),
      ...(keep.length === 0 ? {} : { keep })
    }
  }

  /**
   * The id that somebody means: whole, or by its first digits where they are of one file alone.
   * @throws MeshError FILE_NOT_FOUND, ID_AMBIGUOUS, FIELD_INVALID
   */
  resolve(text: string): string {
    const digits = PREFIX.exec(text.trim().toLowerCase())?.[1]
    if (digits === undefined) {
      throw new MeshError('FIELD_INVALID', 'the path names no file', {
        path: 'id',
        hint: 'write sha256: and its hex digits, the first four at least'
      })
    }
    const id = FILE_ID_PREFIX + digits
    if (digits.length === DIGITS) return id
    const { catalogue, service } = this.#components
    const page = { order: 'id', after: { id }, limit: 2 } as const
    const found = [...catalogue.list(page), ...service.library.list(page)].map((file) => file.id)
    const fitting = [...new Set(found)].filter((each) => each.startsWith(id))
    const [only] = fitting
    if (only === undefined) throw unknown(id)
    if (fitting.length === 1) return only
    throw new MeshError('ID_AMBIGUOUS', `${id} begins several ids`, {
      path: 'id',
      hint: 'write more digits of it'
    })
  }

  /** What the router has in part and nobody else offers. */
  #partsIn({ after, nameContains = '', order = 'name' }: CataloguePage): CatalogueFile[] {
    const { catalogue, service } = this.#components
    const wanted = nameContains.toLowerCase()
    const place = { id: '', name: '', ...after }
    return service.library
      .parts()
      .filter(
        ({ id, name }) => name.toLowerCase().includes(wanted) && catalogue.find(id) === undefined
      )
      .map(({ id, name, sizeBytes }) => ({ id, name, sizeBytes, holderCount: 0 }))
      .filter((file) => compareBy(order, file, place) > 0)
  }

  /** Of a row that is gone by now, its name must have been said. */
  #place({ id, name }: { id: string; name?: string }): { id: string; name: string } {
    return { id, name: name ?? this.#file(id).name }
  }

  /** @throws MeshError FILE_NOT_FOUND */
  #file(id: string): CatalogueFile {
    const { catalogue, service } = this.#components
    const offered = catalogue.find(id)
    if (offered !== undefined) return offered
    const own = service.library.get(id)
    if (own !== undefined) return { ...own, holderCount: own.isComplete ? 1 : 0 }
    const progress = this.#progress(id)
    if (progress === undefined) throw unknown(id)
    // It is being looked for by its id alone.
    const digits = id.slice(FILE_ID_PREFIX.length)
    return { id, name: digits, sizeBytes: progress.size ?? 0, holderCount: 0 }
  }

  #row({ holderCount, id, name, sizeBytes }: CatalogueFile): FileView {
    const own = this.#components.service.library.get(id)
    const row = { id, size: sizeBytes, holders: holderCount }
    if (own === undefined) return { ...row, name, state: 'remote', pinned: false }
    const state = own.isComplete ? 'complete' : 'part'
    return { ...row, name: own.name, state, pinned: own.isPinned, ...keepOf(own) }
  }

  #orders(id: string): FileKeep {
    return this.#components
      .ordersOf(id)
      .slice(0, ORDERS_SHOWN)
      .map(({ copies, heldCount, jobId, untilMs }) => ({
        job_id: jobId,
        copies,
        copies_there: heldCount,
        until: untilMs
      }))
  }

  #holders(id: string): FileHolderView[] {
    const { catalogue, isWorker, node, service } = this.#components
    const own = service.library.get(id)
    const others = catalogue.holders(id).filter(({ peer }) => peer !== node.selfPeer)
    const self: FileHolderView[] =
      own?.isComplete === true
        ? [{ peer_id: node.selfPeer, pinned: own.isPinned, role: 'router' }]
        : []
    return [
      ...self,
      ...others.map(({ isPinned, peer }): FileHolderView => ({
        peer_id: peer,
        pinned: isPinned,
        ...(isWorker(peer) ? { role: 'worker' } : {})
      }))
    ].slice(0, HOLDERS_SHOWN)
  }

  /** The router's own address comes first: it knows who else has the file. */
  async #link({ id, name, sizeBytes }: CatalogueFile): Promise<string> {
    const { catalogue, node } = this.#components
    const addresses = new Set(node.addresses())
    for (const { peer } of catalogue.holders(id)) {
      if (addresses.size >= LIMITS.fileLinkPeersMax) break
      if (peer === node.selfPeer) continue
      // oxlint-disable-next-line no-await-in-loop -- until there are enough
      for (const address of await node.knownAddresses(peer)) addresses.add(address)
    }
    const peers = [...addresses].slice(0, LIMITS.fileLinkPeersMax)
    return formatFileLink({ id, name, sizeBytes, peers })
  }

  #progress(id: string): FileProgress | undefined {
    const { errands, service } = this.#components
    const progress = service.download(id)?.progress()
    const failure = errands.failure(id)
    const tree = errands.progress(id)
    if (progress !== undefined) {
      const { bytes, bytesPerSecond, etaMs, peers, sizeBytes } = progress
      return {
        bytes,
        bytes_per_second: bytesPerSecond,
        peers: peers.filter(({ state }) => state === 'connected').length,
        ...(sizeBytes === undefined ? {} : { size: sizeBytes }),
        ...(etaMs === undefined ? {} : { eta_ms: etaMs })
      }
    }
    if (tree !== undefined) return { bytes: tree.bytes, size: tree.totalBytes }
    if (failure === undefined) return undefined
    const { code, hint, message } = failure
    return { bytes: 0, error: { code, message, ...(hint === undefined ? {} : { hint }) } }
  }
}

function keepOf({ keptFor, keptUntilMs }: FileEntry): Pick<FileView, 'kept_for' | 'kept_until'> {
  return {
    ...(keptUntilMs === undefined ? {} : { kept_until: keptUntilMs }),
    ...(keptFor[0] === undefined ? {} : { kept_for: keptFor[0] })
  }
}

/** As the catalogue sorts. */
function compareBy(
  order: 'name' | 'id',
  left: { id: string; name: string },
  right: { id: string; name: string }
): number {
  const [a, b] =
    order === 'id' || left.name === right.name ? [left.id, right.id] : [left.name, right.name]
  return a < b ? -1 : Number(a > b)
}

function unknown(id: string): MeshError {
  return new MeshError('FILE_NOT_FOUND', `nobody is known to offer ${id}`, {
    path: 'id',
    hint: 'see `taskmesh files ls`; the whole id can be looked for in the mesh: taskmesh files get'
  })
}
