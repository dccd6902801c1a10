/** What downloads need of the network, given by discovery, the sessions and libp2p. */
import { COMMANDS } from '../protocol/commands.ts'
import { PIECES_PROTOCOL_V1 } from '../protocol/ids.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { FileFinder } from '../discovery/file-finder.ts'
import type { ManifestAnswer, PieceSources, SourceNews } from '../files/transfer/piece-sources.ts'
import type { OpenStreamOptions } from '../protocol/peer-link.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Stream } from '@libp2p/interface'

export interface MeshPieceSourcesComponents {
  node: MeshNode
  sessions: SessionService
  finder: FileFinder
}

/** Downloads have a shorter one of their own. */
const ANSWER_TIMEOUT_MS = 30_000

export class MeshPieceSources implements PieceSources {
  readonly #components: MeshPieceSourcesComponents

  constructor(components: MeshPieceSourcesComponents) {
    this.#components = components
  }

  find(fileId: string, options: AbortOptions): AsyncIterable<SourceNews> {
    return this.#components.finder.find(fileId, options)
  }

  async openStream(peer: string, options: OpenStreamOptions): Promise<Stream> {
    return await this.#components.node.openStream(peer, PIECES_PROTOCOL_V1, options)
  }

  async askManifest(
    peer: string,
    { fileId, fromPiece }: { fileId: string; fromPiece: number },
    options: AbortOptions
  ): Promise<ManifestAnswer> {
    const session = await this.#components.sessions.open(peer, options)
    const params = { file_hash: fileId, from_piece: fromPiece }
    const answer = await session.request(
      { command: 'GET_FILE_METADATA', params },
      { ...options, timeoutMs: ANSWER_TIMEOUT_MS }
    )
    if (answer.error !== undefined) throw answer.error
    const result = COMMANDS.GET_FILE_METADATA.checkResult(answer.result)
    const { file_hash: id, from_piece: from = 0, name, piece_hashes, piece_size, size } = result
    return {
      head: { id, sizeBytes: size, pieceBytes: piece_size },
      name,
      page: { from, piece_hashes }
    }
  }
}
