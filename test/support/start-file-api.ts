/** A real API server whose files are real: a library on the disk, a catalogue, downloads from whom the test names. */
import { FakeApiServices } from './fake-api-services.ts'
import { FileCatalogue } from '../../src/discovery/file-catalogue.ts'
import { FileService } from '../../src/files/service/file-service.ts'
import { createFileServices } from '../../src/roles/file-services.ts'
import { homeOf } from './api-with-home.ts'
import { openLibrary } from './open-library.ts'
import { seededRandom } from '../../src/core/random.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startApi } from './start-api.ts'
import { startInOrder } from '../../src/core/startable.ts'
import { systemClock } from '../../src/core/clock.ts'
import { onTestFinished } from 'vitest'
import type { FileLibrary, FileLibraryInit } from '../../src/files/store/library.ts'
import type { NodeCore } from '../../src/roles/node-core.ts'
import type { PieceSources } from '../../src/files/transfer/piece-sources.ts'
import type { RouterFiles } from '../../src/roles/router-files.ts'
import type { RunningApi } from './start-api.ts'

export const ROUTER_PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
export const ROUTER_ADDRESS = `/ip4/127.0.0.1/tcp/40001/p2p/${ROUTER_PEER}`

export interface FileApi extends RunningApi {
  library: FileLibrary
  catalogue: FileCatalogue
  service: FileService
  /** What commands find it by. */
  env: Record<string, string>
  /** Bytes that came in as pieces. */
  putCount: () => number
}

export interface FileApiInit extends Partial<FileLibraryInit> {
  folder: string
  sources?: PieceSources
}

/** Stops by itself when the test has ended. */
export async function startFileApi({
  folder,
  sources = nobody,
  ...init
}: FileApiInit): Promise<FileApi> {
  const library = await openLibrary(folder, init)
  const catalogue = new FileCatalogue()
  library.events.on('added', ({ id, name, sizeBytes, isPinned }) =>
    catalogue.offered(ROUTER_PEER, { id, name, sizeBytes, isPinned, keptFor: [] })
  )
  library.events.on('removed', (id) => catalogue.withdrawn(ROUTER_PEER, id))
  const service = new FileService({
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    link: {
      complain: () => {},
      handle: async () => {},
      isRelayed: () => false,
      noteTransfer: () => {},
      onDirect: () => () => {},
      unhandle: async () => {}
    },
    library,
    sources,
    hasWaitingCalls: () => false,
    onMisbehaviour: () => {},
    agent: 'test'
  })
  const node = {
    selfPeer: ROUTER_PEER,
    addresses: () => [ROUTER_ADDRESS],
    // As a real one does that has heard of it in two ways.
    knownAddresses: async (peer: string) =>
      [1, 2].map(() => `/ip4/127.0.0.1/tcp/40002/p2p/${peer}`),
    learnAddresses: async () => {}
  }
  const files = createFileServices(
    { clock: systemClock, node } as unknown as NodeCore,
    { library, catalogue, service } as unknown as RouterFiles,
    { isWorker: () => true, ordersOf: () => [] }
  )
  const stop = await startInOrder([service, ...files.parts])
  onTestFinished(stop)
  const services = new FakeApiServices()
  let putCount = 0
  services.files = {
    ...files.services,
    putPiece: async (id, index, body) => {
      putCount += 1
      await files.services.putPiece(id, index, body)
    }
  }
  const api = await startApi({}, { services })
  return {
    ...api,
    services,
    library,
    catalogue,
    service,
    env: { TASKMESH_HOME: homeOf(api) },
    putCount: () => putCount
  }
}

/** Nobody is ever found. */
const nobody: PieceSources = {
  // oxlint-disable-next-line require-yield
  async *find(_id, { signal }) {
    await new Promise<void>((resolve) => {
      if (signal?.aborted === true) resolve()
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  },
  openStream: async () => Promise.reject(new Error('nobody is there')),
  askManifest: async () => Promise.reject(new Error('nobody is there'))
}
