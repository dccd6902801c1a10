/** The files of a node, put together: its library, what it gives and fetches, and how it finds and is found. */
import { join } from 'node:path'
import { AGENT } from '../core/version.ts'
import { FileFinder } from '../discovery/file-finder.ts'
import { FileLibrary } from '../files/store/library.ts'
import { FileService } from '../files/service/file-service.ts'
import { MeshPieceSources } from './piece-sources.ts'
import { fileHandlers } from '../files/service/file-commands.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { FileSettings } from '../config/settings.ts'
import type { NodeCore } from './node-core.ts'
import type { Startable } from '../core/startable.ts'

export interface NodeFiles {
  library: FileLibrary
  service: FileService
  finder: FileFinder
  handlers: CommandHandlers
  /** Must be ready when the first peer connects. */
  before: readonly Startable[]
  /** Need the network. */
  after: readonly Startable[]
}

export interface NodeFilesInit extends FileSettings {
  namespace: string
  /** A peer gave what is not what it said. */
  onMisbehaviour: (peer: string, reason: string) => void
}

export function createNodeFiles(core: NodeCore, init: NodeFilesInit): NodeFiles {
  const { folder, node, sessions } = core
  const { diskBytes, limitRateDown, limitRateUp, onMisbehaviour, shareFolders } = init
  const library = new FileLibrary(core, {
    folder: join(folder.path, 'files'),
    budgetBytes: diskBytes
  })
  const finder = new FileFinder(core, init)
  const service = new FileService(
    {
      ...core,
      link: node,
      library,
      onMisbehaviour,
      agent: AGENT,
      sources: new MeshPieceSources({ ...core, finder }),
      hasWaitingCalls: (peer) => (sessions.get(peer)?.waitingCount ?? 0) > 0
    },
    { limitRateDown, limitRateUp }
  )
  const shares = { start: async () => await shareAll(library, shareFolders), stop: async () => {} }
  return {
    finder,
    library,
    service,
    handlers: fileHandlers(library),
    before: [library],
    after: [service, finder, shares]
  }
}

async function shareAll(library: FileLibrary, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await library.share(folder)
}
