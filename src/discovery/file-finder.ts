/** Looks for the peers that have a file, for as long as somebody wants it: in the DHT, under the file's own key. */
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import * as raw from 'multiformats/codecs/raw'
import { fileKey } from '../protocol/ids.ts'
import { sleep } from '../core/abort.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { BootstrapKeeper } from '../network/bootstrap-keeper.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

export interface FileFinderComponents {
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  logger: Logger
}

export interface FileFinderInit {
  namespace: string
}

/** A peer that says it has the file, or does no longer. */
export interface FileHolderNews {
  kind: 'appeared' | 'vanished'
  peer: string
}

const LOOKUP_TIMEOUT_MS = 15_000
const PAUSE_MS = 10_000

export class FileFinder implements Startable {
  readonly #components: FileFinderComponents
  readonly #init: FileFinderInit

  constructor(components: FileFinderComponents, init: FileFinderInit) {
    this.#components = components
    this.#init = init
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  /** Until the signal; each look-up may name a peer again. */
  async *find(fileId: string, { signal }: AbortOptions): AsyncGenerator<FileHolderNews> {
    const { clock, logger, node } = this.#components
    const cid = await fileCid(this.#init.namespace, fileId)
    while (signal?.aborted !== true) {
      const limit = AbortSignal.timeout(LOOKUP_TIMEOUT_MS)
      const inTime = signal === undefined ? limit : AbortSignal.any([signal, limit])
      try {
        for await (const { id, multiaddrs } of node.libp2p.contentRouting.findProviders(cid, {
          signal: inTime
        })) {
          const peer = id.toString()
          if (peer === node.selfPeer) continue
          await node.learnAddresses(peer, multiaddrs.map(String))
          yield { kind: 'appeared', peer }
        }
      } catch (cause) {
        logger.debug({ fileId, err: cause }, 'look-up of a file in the DHT failed')
      }
      await sleep(clock, PAUSE_MS, { signal }).catch(() => {})
    }
  }
}

/** The DHT key under which a file's holders are found. */
export async function fileCid(namespace: string, fileId: string): Promise<CID> {
  const text = new TextEncoder().encode(fileKey(namespace, fileId))
  return CID.createV1(raw.code, await sha256.digest(text))
}
