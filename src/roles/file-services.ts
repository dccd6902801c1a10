/** What the HTTP API asks for of files, given by the router's library, its downloads and its catalogue. */
import { FileErrands } from '../files/service/file-errands.ts'
import { PinnedFiles } from '../files/service/pinned-files.ts'
import { FileViews } from './file-views.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Uploads } from '../files/service/uploads.ts'
import { folderContents } from '../files/service/folder-contents.ts'
import { openContent, readRange } from '../files/service/file-content.ts'
import { parseAddress } from '../network/addresses.ts'
import { parseUntil } from '../core/moment.ts'
import { setImmediate as turn } from 'node:timers/promises'
import { readManifestInTurns } from '../files/content/manifest-reading.ts'
import { toSafeName } from '../model/safe-name.ts'
import { sleep } from '../core/abort.ts'
import type { FileServices } from '../http/services.ts'
import type { FileViewsComponents } from './file-views.ts'
import type { FileUpload } from '../model/generated/api-file-upload.ts'
import type { NodeCore } from './node-core.ts'
import type { PieceSet } from '../files/content/piece-set.ts'
import type { RouterFiles } from './router-files.ts'
import type { Startable } from '../core/startable.ts'

export interface ApiFiles {
  services: FileServices
  /** What is being fetched now. */
  transfers: FileViews['transfers']
  /** Need the library. */
  parts: readonly Startable[]
}

export function createFileServices(
  core: NodeCore,
  files: RouterFiles,
  known: Pick<FileViewsComponents, 'isWorker' | 'ordersOf'>
): ApiFiles {
  const { clock } = core
  const pinned = new PinnedFiles(files.library)
  const onWhole = (id: string, keepUntilMs: number): void => pinned.keep(id, keepUntilMs)
  const uploads = new Uploads({ clock, library: files.library, onWhole })
  const errands = new FileErrands({
    clock,
    service: files.service,
    onFetched: (id, keepUntilMs) => void pinned.keepAll(id, keepUntilMs)
  })
  const views = new FileViews({ ...core, ...files, ...known, errands })
  const parts = { core, errands, files, pinned, uploads, views }
  return {
    parts: [uploads, errands],
    transfers: () => views.transfers(),
    services: {
      list: (page) => views.list(page),
      ...lookingAt(parts),
      ...takingIn(parts),
      ...actingOn(parts)
    }
  }
}

interface Parts {
  core: NodeCore
  errands: FileErrands
  files: RouterFiles
  pinned: PinnedFiles
  uploads: Uploads
  views: FileViews
}

function lookingAt({
  files: { library, service },
  views
}: Parts): Pick<FileServices, 'describe' | 'entries' | 'open'> {
  return {
    describe: async (text) => {
      const id = views.resolve(text)
      const view = await views.describe(id)
      const entries = view.state === 'complete' ? await folderContents(library, id) : undefined
      return entries === undefined ? view : { ...view, entry_count: entries.length }
    },
    entries: async (text, { after = '', limit }, { signal }) => {
      const id = views.resolve(text)
      await service.fetch(id, {}, { signal })
      const entries = await folderContents(library, id)
      if (entries === undefined) throw noFolder(id)
      const start = entries.findIndex(({ path }) => isAfter(path, after))
      return start === -1 ? [] : entries.slice(start, start + limit)
    },
    open: async (text, { signal }) => {
      const id = views.resolve(text)
      const content = await openContent(service, id, {}, { signal })
      const { sizeBytes } = content.plan
      // Nothing larger can be a folder.
      if (sizeBytes <= LIMITS.folderBytesMax) {
        await content.whole
        if ((await folderContents(library, id)) !== undefined) throw aFolder(id)
      }
      const name = toSafeName(library.get(id)?.name ?? '')
      return { id, name, sizeBytes, read: (range) => readRange(content, range) }
    }
  }
}

function takingIn({
  core: { clock, node },
  errands,
  uploads,
  views
}: Parts): Pick<FileServices, 'announce' | 'fetch' | 'putPiece'> {
  return {
    announce: async ({ manifest: document, name, pin = true, until }) => {
      const manifest = await readManifestInTurns(document, turn)
      const keepUntilMs = pin ? keepUntil(until, clock.wallMs()) : 0
      const here = await uploads.announce({ manifest, name: toSafeName(name), keepUntilMs })
      return { id: manifest.id, complete: here.isFull, missing: missingOf(here) }
    },
    putPiece: async (text, index, body) => await uploads.put(views.resolve(text), index, body),
    fetch: async (text, { name, peers: addresses = [], pin = false, until }) => {
      const id = views.resolve(text)
      const peers = await Promise.all(addresses.map((address) => learnPeer(node, address)))
      const called = name === undefined ? {} : { name: toSafeName(name) }
      const keepUntilMs = pin ? keepUntil(until, clock.wallMs()) : 0
      errands.fetch(id, { ...called, peers }, keepUntilMs)
      return await views.describe(id)
    }
  }
}

function actingOn({
  core: { clock },
  errands,
  files: { library },
  pinned,
  uploads,
  views
}: Parts): Pick<FileServices, 'pin' | 'remove' | 'unpin' | 'verify'> {
  const own = (text: string): string => {
    const id = views.resolve(text)
    if (library.get(id) !== undefined) return id
    throw new MeshError('FILE_NOT_FOUND', `the router has no copy of ${id}`, {
      path: 'id',
      hint: 'have it fetch one first: POST /v1/files/<id>/fetch'
    })
  }
  return {
    pin: async (text, { until }) => {
      const id = own(text)
      await pinned.keepAll(id, keepUntil(until, clock.wallMs()))
      return await views.describe(id)
    },
    unpin: async (text) => {
      const id = own(text)
      await pinned.letGoAll(id)
      return await views.describe(id)
    },
    verify: async (text, { signal, timeoutMs }) => {
      const id = own(text)
      const size = library.get(id)?.sizeBytes ?? 0
      const patience = sleep(clock, timeoutMs, { signal })
      const state = await errands.check(id, patience)
      return { id, size, ...state }
    },
    remove: async (text) => {
      const id = own(text)
      await errands.stopFetch(id)
      await uploads.close(id)
      // What was in a folder is not pinned for its sake any more; it may be part of another.
      await pinned.letGoAll(id)
      await library.remove(id)
    }
  }
}

function keepUntil(until: string | undefined, nowMs: number): number {
  return until === undefined ? Infinity : parseUntil(until, 'until', nowMs)
}

/** What is not there, as stretches. */
function missingOf(here: PieceSet): FileUpload['missing'] {
  const missing: FileUpload['missing'] = []
  for (let piece = 0; piece < here.count; piece += 1) {
    if (here.has(piece)) continue
    const before = missing.at(-1)
    if (before?.last === piece - 1) before.last = piece
    else missing.push({ first: piece, last: piece })
  }
  return missing
}

/** @returns the peer id. @throws MeshError FIELD_INVALID */
async function learnPeer(node: NodeCore['node'], address: string): Promise<string> {
  const peer = parseAddress(address)
    .getComponents()
    .findLast(({ name }) => name === 'p2p')?.value
  if (peer === undefined) {
    throw new MeshError('FIELD_INVALID', `"${address}" does not say whose address it is`, {
      path: 'peers',
      hint: 'end it with /p2p/ and the peer id'
    })
  }
  await node.learnAddresses(peer, [address])
  return peer
}

/** In the order of a folder's list: by the bytes of the paths. */
function isAfter(path: string, after: string): boolean {
  return after === '' || Buffer.compare(Buffer.from(path), Buffer.from(after)) > 0
}

function aFolder(id: string): MeshError {
  return new MeshError('FILE_KIND_INVALID', `${id} is a folder`, {
    path: 'id',
    hint: `see what is in it, GET /v1/files/${id}/entries, and ask for its files by their ids`
  })
}

function noFolder(id: string): MeshError {
  return new MeshError('FILE_KIND_INVALID', `${id} is a file, not a folder`, {
    path: 'id',
    hint: `its bytes: GET /v1/files/${id}/content`
  })
}
