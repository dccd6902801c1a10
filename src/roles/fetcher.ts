/**
 * A node that comes for files and leaves: its identity passes, it listens nowhere and offers nothing. What has
 * come lies in a folder of the caller's, from where the next run goes on.
 */
import { AGENT } from '../core/version.ts'
import { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import { FileFinder } from '../discovery/file-finder.ts'
import { FileLibrary } from '../files/store/library.ts'
import { FileService } from '../files/service/file-service.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import { givenNetworkKey } from '../network/wire/network-key.ts'
import { MeshPieceSources } from './piece-sources.ts'
import { parseAddress } from '../network/addresses.ts'
import { memberLink } from '../protocol/member-link.ts'
import { sleep } from '../core/abort.ts'
import { startInOrder } from '../core/startable.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { createVisitor } from '../enrolment/linked-node.ts'
import { startVisit } from '../enrolment/visit-start.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Download } from '../files/transfer/download.ts'
import type { FetchInit } from '../files/service/file-service.ts'
import type { FileEntry } from '../files/store/file-index.ts'
import type { Logger } from '../observe/logger.ts'
import type { Visit } from '../enrolment/visit.ts'

export interface FetcherInit {
  /** For what has come; no other process may use it meanwhile. */
  folder: string
  namespace: string
  /** Addresses of bootstraps and routers: the way into the mesh. */
  contacts: readonly string[]
  /** Bytes a second. @default no limit */
  limitRateDown?: number | undefined
  /** Who it is. */
  visit: Visit
  /** File with the key of a private network, if a join token has not brought it. */
  networkKeyFile?: string | undefined
  logger: Logger
}

export interface Fetcher {
  readonly library: FileLibrary
  /** See `FileService.fetch`; the download is there unless the file was here already. */
  begin(id: string, init: FetchInit, options: AbortOptions): BegunFetch
  /**
   * Peers at these addresses are known from now on. One without a peer id is connected to, to learn it.
   * @returns their peer ids
   */
  meet(addresses: readonly string[], options?: AbortOptions): Promise<string[]>
  /** Resolves when a contact has answered, or soon after if none does. */
  arrive(options?: AbortOptions): Promise<boolean>
  /** What has come is written down; the network gets little time to say goodbye. */
  stop(): Promise<void>
}

export interface BegunFetch {
  download: Download | undefined
  entry: Promise<FileEntry>
}

/** A mesh on the other side of the world answers in less. */
const ARRIVE_MS = 3_000
const ARRIVE_POLL_MS = 20
/** A connection whose other end is dead takes long to close, and the process is about to end. */
const GOODBYE_MS = 1_000
/** It keeps all that it was sent for: its user has to find the room. */
const BUDGET_BYTES = Number.MAX_SAFE_INTEGER

/** @throws MeshError NODE_ALREADY_RUNNING where another process uses the folder; STORE_FULL, STORE_FAILED */
export async function startFetcher(init: FetcherInit): Promise<Fetcher> {
  const { folder, limitRateDown, logger, namespace, networkKeyFile, visit } = init
  const shared = { clock: systemClock, random: systemRandom, logger }
  const library = new FileLibrary(shared, { folder, budgetBytes: BUDGET_BYTES })
  const stopLibrary = await startInOrder([library])
  try {
    const contacts = [...new Set([...init.contacts, ...(visit.entry?.bootstrap ?? [])])]
    const { access, binding, membership, node, sessions } = await createVisitor(visit, {
      contacts,
      listen: [],
      logger,
      networkKey: givenNetworkKey(networkKeyFile)
    })
    const keeper = new BootstrapKeeper({ ...shared, node }, contacts)
    const finder = new FileFinder({ ...shared, node, sessions }, { namespace })
    const service = new FileService(
      {
        ...shared,
        link: memberLink(node, access, 'REQUEST_PIECE'),
        library,
        agent: AGENT,
        sources: new MeshPieceSources({ node, sessions, finder }),
        hasWaitingCalls: (peer) => (sessions.get(peer)?.waitingCount ?? 0) > 0,
        onMisbehaviour: () => {}
      },
      { limitRateDown }
    )
    const stopNetwork = await startVisit(
      [node, sessions, binding, ...membership.parts, keeper],
      membership,
      {}
    )
    const stopService = await startInOrder([service])
    return {
      library,
      begin: (id, fetch, options) => {
        const entry = service.fetch(id, fetch, options)
        return { download: service.download(id), entry }
      },
      meet: (addresses, options) => meet(node, addresses, options),
      arrive: (options) => arrive(keeper, options),
      stop: async () => {
        await stopService()
        await stopLibrary()
        await Promise.race([stopNetwork(), sleep(systemClock, GOODBYE_MS)])
      }
    }
  } catch (cause) {
    await stopLibrary()
    throw cause
  }
}

/** What the bootstrap keeper does for ever is waited for a little. */
async function arrive(keeper: BootstrapKeeper, options: AbortOptions = {}): Promise<boolean> {
  const endsAtMs = systemClock.monotonicMs() + ARRIVE_MS
  while (!keeper.isConnected && systemClock.monotonicMs() < endsAtMs) {
    // oxlint-disable-next-line no-await-in-loop -- until then there is nothing else to do
    await sleep(systemClock, ARRIVE_POLL_MS, options)
  }
  return keeper.isConnected
}

async function meet(
  node: MeshNode,
  addresses: readonly string[],
  options: AbortOptions = {}
): Promise<string[]> {
  const peers = await Promise.all(addresses.map((address) => meetOne(node, address, options)))
  return [...new Set(peers.filter((peer) => peer !== undefined))]
}

/** Undefined where nobody answers. */
async function meetOne(
  node: MeshNode,
  address: string,
  { signal }: AbortOptions
): Promise<string | undefined> {
  const named = parseAddress(address)
    .getComponents()
    .findLast(({ name }) => name === 'p2p')?.value
  if (named !== undefined) {
    await node.learnAddresses(named, [address])
    return named
  }
  const limit = AbortSignal.timeout(ARRIVE_MS)
  const inTime = signal === undefined ? limit : AbortSignal.any([signal, limit])
  return await node.dial(address, { signal: inTime }).catch(() => undefined)
}
