/**
 * What a download needs of the network: who has a file, a piece stream to a peer, a manifest from a peer. A
 * port: discovery and the command protocol stand behind it, and a role joins them.
 */
import type { Stream } from '@libp2p/interface'
import type { AbortOptions } from '../../core/abort.ts'
import type { OpenStreamOptions } from '../../protocol/peer-link.ts'
import type { FileHead } from '../content/manifest-reading.ts'

export interface SourceNews {
  kind: 'appeared' | 'vanished'
  peer: string
}

/** Some of a manifest, as a peer gave it: nothing of it is believed. */
export interface ManifestAnswer {
  head: FileHead
  /** What the file is called there. */
  name: string
  /** A `PieceHashPage`. */
  page: unknown
}

export interface PieceSources {
  /** Peers that say they have a file, as they come and go, until the signal. A peer may be named twice. */
  find(fileId: string, options: AbortOptions): AsyncIterable<SourceNews>
  /** A new stream of `PIECES_PROTOCOL_V1`. @throws MeshError PEER_UNREACHABLE, PEER_GONE */
  openStream(peer: string, options: OpenStreamOptions): Promise<Stream>
  /**
   * GET_FILE_METADATA: the hashes from one piece on, as many as go into one answer.
   * @throws MeshError as a request to a peer does; FILE_NOT_FOUND
   */
  askManifest(
    peer: string,
    request: { fileId: string; fromPiece: number },
    options: AbortOptions
  ): Promise<ManifestAnswer>
}
