/** Whom this router knows to have files, with where they can be reached: what it tells those who fetch them. */
import type { FileCatalogue } from './file-catalogue.ts'
import type { FileSource } from '../model/generated/commands-find-nodes.ts'
import type { MeshNode } from '../network/mesh-node.ts'

export interface FileSourcesComponents {
  catalogue: Pick<FileCatalogue, 'holders'>
  node: Pick<MeshNode, 'addresses' | 'knownAddresses' | 'selfPeer'>
}

/** As in schemas/commands/find-nodes.schema.json. */
const SOURCES_MAX = 256
/** As in schemas/commands/execute-task.schema.json. */
const ADDRESSES_MAX = 16
const ADDRESS_LETTERS_MAX = 512

export class FileSources {
  readonly #components: FileSourcesComponents

  constructor(components: FileSourcesComponents) {
    this.#components = components
  }

  /** Those who have most of these files first. */
  async holdersOf(fileIds: readonly string[]): Promise<FileSource[]> {
    const counts = new Map<string, number>()
    for (const fileId of new Set(fileIds)) {
      for (const { peer } of this.#components.catalogue.holders(fileId)) {
        counts.set(peer, (counts.get(peer) ?? 0) + 1)
      }
    }
    const peers = [...counts].toSorted((left, right) => right[1] - left[1]).map(([peer]) => peer)
    return await Promise.all(peers.slice(0, SOURCES_MAX).map((peer) => this.#source(peer)))
  }

  async #source(peer: string): Promise<FileSource> {
    const { node } = this.#components
    const known = peer === node.selfPeer ? node.addresses() : await node.knownAddresses(peer)
    const addresses = known.filter(({ length }) => length <= ADDRESS_LETTERS_MAX)
    return { peer_id: peer, addresses: addresses.slice(0, ADDRESSES_MAX) }
  }
}
