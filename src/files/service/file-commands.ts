/** What a node says of its files when it is asked by command: the list, a file's manifest, a piece's bytes. */
import { MeshError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { readFileId } from '../content/file-id.ts'
import { writeHashPage } from '../content/manifest.ts'
import type { CommandHandlers } from '../../protocol/command-server.ts'
import type { FileLibrary } from '../store/library.ts'

/** Hashes in one answer: half a MiB of hex. */
const PAGE_HASHES = 8_192

export function fileHandlers(library: FileLibrary): CommandHandlers {
  return {
    LIST_FILES: ({ limit = LIMITS.pageRowsMax }) => ({
      result: {
        files: library
          .list({ limit })
          .filter(({ isComplete }) => isComplete)
          .map(({ id, name, sizeBytes }) => ({ file_hash: id, name, size: sizeBytes }))
      }
    }),
    GET_FILE_METADATA: ({ file_hash: hash, from_piece: from = 0 }) => {
      const id = readFileId(hash, 'params.file_hash')
      const manifest = library.manifest(id)
      const name = library.get(id)?.name
      if (manifest === undefined || name === undefined) throw notOffered(id)
      const { piece_hashes } = writeHashPage(manifest, from, PAGE_HASHES)
      const { count, pieceBytes, sizeBytes } = manifest.plan
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
    },
    REQUEST_PIECE: async ({
      file_hash: hash,
      length = LIMITS.taskBytesMax,
      offset = 0,
      piece_index: index
    }) => {
      const id = readFileId(hash, 'params.file_hash')
      if (library.get(id) === undefined) throw notOffered(id)
      const piece = await library.readPiece(id, index)
      const bytes = Buffer.from(piece.subarray(offset, offset + length))
      return {
        result: { file_hash: id, piece_index: index, offset, piece_bytes: piece.length },
        bulk: JSON.stringify(bytes.toString('base64'))
      }
    }
  }
}

function notOffered(id: string): MeshError {
  return new MeshError('FILE_NOT_FOUND', `no file ${id} is offered here`, {
    path: 'params.file_hash'
  })
}
