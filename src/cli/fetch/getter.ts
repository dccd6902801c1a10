/**
 * Fetches files and folders to their places: looks at what is there, goes on with what earlier runs have left, and
 * moves into place what is whole. The node that fetches is only started when something is missing.
 */
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { isInPlace, missingEntries } from './target.ts'
import { explainFailure } from './failure.ts'
import { inLanes } from '../../core/lanes.ts'
import { checkFolderPath, inTheWay, look, placeFile, placeFolder } from './placing.ts'
import { folderContents } from '../../files/service/folder-contents.ts'
import type { Contacts } from './contacts.ts'
import type { Download } from '../../files/transfer/download.ts'
import type { FetchInit } from '../../files/service/file-service.ts'
import type { Fetcher } from '../../roles/fetcher.ts'
import type { FileEntry } from '../../files/store/file-index.ts'
import type { FileLibrary } from '../../files/store/library.ts'
import type { FolderEntry } from '../../files/content/folder-manifest.ts'
import type { Tally } from './tally.ts'
import type { Target } from './target.ts'
import type { Workspace } from './workspace.ts'

export interface GetterComponents {
  workspace: Workspace
  tally: Tally
  contacts: Contacts
  /** Starts the node; called once, when something is missing. */
  connect: () => Promise<Fetcher>
}

export interface GetterInit {
  /** What is in the way may be replaced. */
  isForced: boolean
  fetch: Pick<FetchInit, 'order' | 'peersMax' | 'sourceTimeoutMs'>
  signal: AbortSignal
}

export interface Wanted {
  id: string
  target: Target
  /** Addresses of peers that have it. */
  peers: readonly string[]
}

export interface Got {
  id: string
  kind: 'file' | 'folder'
  path: string
  sizeBytes: number
  fileCount: number
  /** It was there already. */
  isOld: boolean
}

/** Small files are more waiting than work. */
const LANES = 8

export class Getter {
  readonly #components: GetterComponents
  readonly #init: GetterInit
  #fetcher: Promise<Fetcher> | undefined

  constructor(components: GetterComponents, init: GetterInit) {
    this.#components = components
    this.#init = init
  }

  /** To be called at the end, whatever it is. */
  async stop(): Promise<void> {
    const fetcher = await this.#fetcher?.catch(() => undefined)
    await fetcher?.stop()
  }

  /** @throws MeshError FIELD_INVALID where something is in the way; FILE_UNAVAILABLE, FILE_BUSY, STORE_FULL, STORE_FAILED */
  async get({ id, peers, target }: Wanted): Promise<Got> {
    const { workspace } = this.#components
    if (target.name !== undefined) {
      const path = join(target.folder, target.name)
      if (await isInPlace(path, { ...this.#init, id })) return await asFile(id, path, true)
    }
    const whole = await look(workspace.whole(id))
    // An earlier run was cut off when only the last step was missing.
    if (whole?.isFile() === true && target.name !== undefined) {
      return await this.#placeFile(id, join(target.folder, target.name))
    }
    const { library } = await this.#connected()
    const entry = await this.#fetch(id, peers, {
      onName: async (name) => {
        if (target.name === undefined) {
          await isInPlace(join(target.folder, name), { ...this.#init, id })
        }
      }
    })
    const path = join(target.folder, target.name ?? entry.name)
    const entries = await folderContents(library, entry.id)
    if (entries !== undefined) return await this.#getFolder({ entry, entries, path, peers })
    if (await isInPlace(path, { ...this.#init, id })) return await asFile(id, path, true)
    await library.giveAway(id, workspace.whole(id))
    return await this.#placeFile(id, path)
  }

  /** A file that is here, or comes; pieces wait in the library. */
  async #fetch(
    id: string,
    addresses: readonly string[],
    { onName }: { onName?: (name: string) => Promise<void> } = {}
  ): Promise<FileEntry> {
    const { contacts, tally } = this.#components
    const { fetch, signal } = this.#init
    const fetcher = await this.#connected()
    const { library } = fetcher
    const peers = await fetcher.meet(addresses, { signal })
    const known = library.get(id)
    if (known?.isComplete === true) tally.keep(id, known.sizeBytes)
    const refusal = new AbortController()
    const either = AbortSignal.any([signal, refusal.signal])
    try {
      const { download, entry } = fetcher.begin(id, { ...fetch, peers }, { signal: either })
      if (onName !== undefined) refuseByName(download, library, onName, refusal)
      return await tally.follow(download, entry)
    } catch (cause) {
      throw explainFailure(cause, { addresses, contacts, tally })
    }
  }

  async #getFolder({ entries, entry, path, peers }: FoundFolder): Promise<Got> {
    const { workspace } = this.#components
    const missing = await missingEntries(path, entries, this.#init)
    const got: Got = {
      id: entry.id,
      kind: 'folder',
      path,
      sizeBytes: entries.reduce((sum, { size }) => sum + size, 0),
      fileCount: entries.length,
      isOld: missing.length === 0 && entries.length > 0
    }
    if (got.isOld) return got
    const root = workspace.whole(entry.id)
    await this.#gather(root, missing, peers)
    await placeFolder(root, path, missing, {
      mode: workspace.fileMode,
      isForced: this.#init.isForced
    })
    return got
  }

  /** All that is missing, below one root. */
  async #gather(
    root: string,
    missing: readonly FolderEntry[],
    peers: readonly string[]
  ): Promise<void> {
    const { tally } = this.#components
    const byId = Map.groupBy(missing, ({ id }) => id)
    for (const [id, [first]] of byId) tally.expect(id, first?.size ?? 0)
    await inLanes(byId.values(), LANES, (same) => this.#gatherOne(root, same, peers))
  }

  /** Equal files are fetched once. */
  async #gatherOne(
    root: string,
    same: readonly FolderEntry[],
    peers: readonly string[]
  ): Promise<void> {
    const { tally, workspace } = this.#components
    const places = same.map((entry) => {
      checkFolderPath(entry.path)
      return { ...entry, place: join(root, ...entry.path.split('/')) }
    })
    const [first] = places
    if (first === undefined) return
    const { id, size } = first
    const found = await Promise.all(places.map(async ({ place }) => await look(place)))
    let source = places.find((_, index) => found[index]?.size === size)?.place
    if (source !== undefined) tally.keep(id, size)
    for (const { place } of places) {
      if ((await look(place))?.size === size) continue
      await mkdir(dirname(place), { recursive: true })
      if (source === undefined) {
        await this.#fetch(id, peers)
        await (await this.#connected()).library.giveAway(id, place)
        source = place
      } else {
        // What is copied in part is never taken for a whole file.
        const copy = `${workspace.whole(id)}.copy`
        await copyFile(source, copy, constants.COPYFILE_FICLONE)
        await rename(copy, place)
      }
    }
  }

  async #placeFile(id: string, path: string): Promise<Got> {
    const { workspace } = this.#components
    if ((await look(path))?.isDirectory() === true) throw inTheWay(path, 'is a folder')
    const init = { mode: workspace.fileMode, isForced: this.#init.isForced }
    await placeFile(workspace.whole(id), path, init)
    return await asFile(id, path, false)
  }

  #connected(): Promise<Fetcher> {
    this.#fetcher ??= this.#components.connect()
    return this.#fetcher
  }
}

interface FoundFolder {
  entry: FileEntry
  entries: readonly FolderEntry[]
  path: string
  peers: readonly string[]
}

/** Once it is known what the file is called: nothing is fetched that could not be put into place. */
function refuseByName(
  download: Download | undefined,
  library: FileLibrary,
  onName: (name: string) => Promise<void>,
  refusal: AbortController
): void {
  if (download === undefined) return
  download.plan
    .then(() => library.get(download.fileId)?.name)
    .then((name) => (name === undefined ? undefined : onName(name)))
    .catch((cause: unknown) => refusal.abort(cause))
}

async function asFile(id: string, path: string, isOld: boolean): Promise<Got> {
  const sizeBytes = (await look(path))?.size ?? 0
  return { id, kind: 'file', path, sizeBytes, fileCount: 1, isOld }
}
