/** What a node says of its files when it is asked by command: the list, a file's manifest, a piece's bytes. */
import { MeshError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { readFileId } from '../../model/file-id.ts'
import { writeHashPage } from '../content/manifest.ts'
import { AnswerTurns } from './answer-turns.ts'
import { PieceReads, beyond } from './piece-reads.ts'
import type { CommandAnswer, CommandHandlers } from '../../protocol/command-server.ts'
import type { FileLibrary } from '../store/library.ts'
import type { GetFileMetadataParams } from '../../model/generated/commands-get-file-metadata.ts'
import type { OfferJournal } from './offer-journal.ts'
import type { RequestPieceParams } from '../../model/generated/commands-request-piece.ts'

export interface FileHandlerComponents {
  library: Pick<FileLibrary, 'get' | 'manifest' | 'readPiece'>
  journal: Pick<OfferJournal, 'page'>
}

/** Hashes in one answer: half a MiB of hex. */
const PAGE_HASHES = 8_192

export function fileHandlers({ journal, library }: FileHandlerComponents): CommandHandlers {
  const reads = new PieceReads(library)
  const turns = new AnswerTurns()
  return {
    LIST_FILES: async (params, { remotePeer }) =>
      await turns.take(remotePeer, () => ({ result: journal.page(params) })),
    GET_FILE_METADATA: async (params, { remotePeer }) =>
      await turns.take(remotePeer, () => describe(library, params)),
    REQUEST_PIECE: async (params) => await givePiece(reads, params)
  }
}

function describe(
  library: FileHandlerComponents['library'],
  { file_hash: hash, from_piece: from = 0 }: GetFileMetadataParams
): CommandAnswer<'GET_FILE_METADATA'> {
  const id = readFileId(hash, 'params.file_hash')
  const manifest = library.manifest(id)
  const name = library.get(id)?.name
  if (manifest === undefined || name === undefined) {
    throw new MeshError('FILE_NOT_FOUND', `no file ${id} is offered here`, {
      path: 'params.file_hash'
    })
  }
  const { count, pieceBytes, sizeBytes } = manifest.plan
  if (from > count) throw beyond('from_piece', `${id} has ${count} pieces`)
  const { piece_hashes } = writeHashPage(manifest, from, PAGE_HASHES)
  return {
    result: {
      file_hash: id,
      name,
      size: sizeBytes,
      piece_size: pieceBytes,
      piece_count: count,
      from_piece: from,
      piece_hashes
    }
  }
}

async function givePiece(
  reads: PieceReads,
  { file_hash: hash, length, offset = 0, piece_index: index }: RequestPieceParams
): Promise<CommandAnswer<'REQUEST_PIECE'>> {
  const id = readFileId(hash, 'params.file_hash')
  const stretch = { offset, length: length ?? LIMITS.taskBytesMax }
  const { bytes, pieceBytes } = await reads.read(id, index, stretch)
  return {
    result: { file_hash: id, piece_index: index, offset, piece_bytes: pieceBytes },
    bulk: JSON.stringify(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
    )
  }
}
