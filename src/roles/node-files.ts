/** The files of a node, put together: its library, what it gives and fetches, and how it finds and is found. */
import { join } from 'node:path'
import { AGENT } from '../core/version.ts'
import { FileAdvertiser } from '../discovery/file-advertiser.ts'
import { FileAnnouncer } from '../discovery/file-announcer.ts'
import { FileFinder } from '../discovery/file-finder.ts'
import { FileLibrary } from '../files/store/library.ts'
import { FileService } from '../files/service/file-service.ts'
import { OfferJournal } from '../files/service/offer-journal.ts'
import { OwnerFolders } from './owner-folders.ts'
import { MeshPieceSources } from './piece-sources.ts'
import { by } from '../observe/readings.ts'
import { memberLink } from '../protocol/member-link.ts'
import { fileHandlers } from '../files/service/file-commands.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { FileCatalogue } from '../discovery/file-catalogue.ts'
import type { FileSettings } from '../config/settings.ts'
import type { NodeCore } from './node-core.ts'
import type { Readings } from '../observe/readings.ts'
import type { ShareFolderInit } from '../files/store/share-folder.ts'
import type { Startable } from '../core/startable.ts'

export interface NodeFiles {
  library: FileLibrary
  service: FileService
  journal: OfferJournal
  handlers: CommandHandlers
  /** Must be ready when the first peer connects. */
  before: readonly Startable[]
  /** Need the network. */
  after: readonly Startable[]
}

export interface NodeFilesInit extends FileSettings {
  namespace: string
  /** A peer gave what is not what it said; it is shunned for a while. @default nothing more follows */
  onMisbehaviour?: (peer: string, reason: string) => void
  /** DHT keys under which this node is to be found. @default none: it is known as a worker */
  keys?: readonly string[]
  /** Of a worker: how many there are. */
  workerCount?: () => number
  /** Of a router: what it knows of others. */
  catalogue?: FileCatalogue
  /** Told of how the reading of the owner's folders goes. */
  sharing?: Pick<ShareFolderInit, 'onProgress' | 'onScanned'>
}

export function createNodeFiles(core: NodeCore, init: NodeFilesInit): NodeFiles {
  const { access, folder, node, sessions } = core
  const {
    diskBytes,
    keys = [],
    limitRateDown,
    limitRateUp,
    namespace,
    shareFolders,
    workerCount
  } = init
  const sharing = { ...init.sharing, takesHidden: init.sharesHidden }
  const library = new FileLibrary(core, {
    folder: join(folder.path, 'files'),
    privateFolder: folder.path,
    budgetBytes: diskBytes,
    sharing
  })
  const folders = new OwnerFolders({ ...core, library }, shareFolders)
  const journal = new OfferJournal({ ...core, library })
  const finder = new FileFinder({ ...core, catalogue: init.catalogue }, { namespace })
  const service = new FileService(
    {
      ...core,
      link: memberLink(node, access, 'REQUEST_PIECE'),
      library,
      onMisbehaviour: init.onMisbehaviour ?? (() => {}),
      agent: AGENT,
      sources: new MeshPieceSources({ ...core, finder }),
      hasWaitingCalls: (peer) => (sessions.get(peer)?.waitingCount ?? 0) > 0
    },
    { limitRateDown, limitRateUp }
  )
  core.metrics.add(() => ({ ...libraryReadings(library), ...service.readings() }))
  return {
    journal,
    library,
    service,
    handlers: fileHandlers({ journal, library }),
    before: [library, folders.check, journal],
    after: [
      service,
      new FileAdvertiser({ ...core, offers: journal }, { keys, namespace, workerCount }),
      new FileAnnouncer({ ...core, offers: journal }, { namespace }),
      folders.reading
    ]
  }
}

function libraryReadings(library: FileLibrary): Readings {
  const { budgetBytes, fileCount, ownBytes, sizeBytes } = library.totals()
  return {
    taskmesh_file_stored: fileCount,
    taskmesh_file_bytes: by('of', { all: sizeBytes, kept: ownBytes }),
    taskmesh_file_budget_bytes: budgetBytes
  }
}
