/** Hands files in at a router: only the pieces that it lacks, several at a time, again where the way there fails. */
import { open } from 'node:fs/promises'
import { Backoff } from '../../client/api-backoff.ts'
import { MeshError } from '../../core/errors.ts'
import { changed, toFileError } from '../../files/store/disk-errors.ts'
import { inLanes } from '../../core/lanes.ts'
import { pieceSpan } from '../../files/content/piece-plan.ts'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import { writeManifest } from '../../files/content/manifest.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { FileUpload } from '../../model/generated/api-file-upload.ts'
import type { LocalFile } from './local-tree.ts'

export interface UploadInit extends AbortOptions {
  /** How long it is to stay there: for ever, until a moment, or for as long as there is room. */
  keep: { pin: boolean; until?: string }
  /** So many bytes are there: they were before, or have been sent. */
  onThere: (bytes: number, isSent: boolean) => void
}

/** Small files would else wait for one another's round trips. */
const FILES_AT_ONCE = 4
/** On their way at once, of one file: enough for any line, and little enough for a slow one. */
const BYTES_AT_ONCE = 8 * 2 ** 20
const PIECES_AT_ONCE = 8

/**
 * @throws MeshError FILE_CHANGED where a file is not what it was when it was hashed; STORE_FULL; as the router says
 */
export async function uploadFiles(
  client: ApiClient,
  files: readonly LocalFile[],
  init: UploadInit
): Promise<void> {
  // The same bytes may be there twice.
  const unique = new Map(files.map((file) => [file.manifest.id, file]))
  for (const file of files) {
    if (unique.get(file.manifest.id) !== file) init.onThere(file.manifest.plan.sizeBytes, false)
  }
  await inLanes(
    unique.values(),
    FILES_AT_ONCE,
    async (file) => await uploadFile(client, file, init)
  )
}

async function uploadFile(client: ApiClient, file: LocalFile, init: UploadInit): Promise<void> {
  const backoff = new Backoff(systemClock, systemRandom)
  for (let told = false; ; told = true) {
    // A router that was away is asked anew what it has.
    /* oxlint-disable no-await-in-loop */
    try {
      const { manifest, name } = file
      const request = { manifest: writeManifest(manifest), name, ...init.keep }
      const upload = await client.announceFile(request, { signal: init.signal })
      const wanted = piecesOf(upload)
      if (!told) init.onThere(bytesWithout(file, wanted), false)
      await sendPieces(client, file, wanted, init)
      return
    } catch (cause) {
      init.signal?.throwIfAborted()
      const failure = MeshError.from(cause)
      if (!isPassing(client, failure))
        throw failure.code === 'PIECE_INVALID' ? whyInvalid(file) : cause
      await backoff.pause(failure, { signal: init.signal })
    }
    /* oxlint-enable no-await-in-loop */
  }
}

async function sendPieces(
  client: ApiClient,
  file: LocalFile,
  wanted: readonly number[],
  init: UploadInit
): Promise<void> {
  const { id, plan } = file.manifest
  const read = await openPieces(file)
  const atOnce = Math.min(PIECES_AT_ONCE, Math.max(1, Math.floor(BYTES_AT_ONCE / plan.pieceBytes)))
  try {
    await inLanes(wanted, atOnce, async (index) => {
      const piece = await read.piece(index)
      await client.putPiece(id, index, piece, { signal: init.signal })
      init.onThere(piece.length, true)
    })
  } finally {
    await read.close()
  }
}

interface PieceReading {
  piece: (index: number) => Promise<Uint8Array>
  close: () => Promise<void>
}

async function openPieces({ manifest: { plan }, source }: LocalFile): Promise<PieceReading> {
  if ('bytes' in source) {
    const { bytes } = source
    return {
      piece: async (index) => {
        const span = pieceSpan(plan, index)
        return bytes.subarray(span.offset, span.offset + span.bytes)
      },
      close: async () => {}
    }
  }
  const { path } = source
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw toFileError(cause, path)
  })
  return {
    piece: async (index) => {
      const { bytes, offset } = pieceSpan(plan, index)
      const piece = new Uint8Array(bytes)
      for (let done = 0; done < bytes;) {
        // oxlint-disable-next-line no-await-in-loop -- once, as a rule
        const { bytesRead } = await handle.read(piece, done, bytes - done, offset + done)
        if (bytesRead === 0) throw changed(path)
        done += bytesRead
      }
      return piece
    },
    close: () => handle.close()
  }
}

function piecesOf({ missing }: FileUpload): number[] {
  return missing.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  )
}

/** How much of it is there already. */
function bytesWithout({ manifest: { plan } }: LocalFile, wanted: readonly number[]): number {
  return wanted.reduce((left, index) => left - pieceSpan(plan, index).bytes, plan.sizeBytes)
}

/** Its cause may go by itself: a router that restarts, or had put the file aside; others who bring it. */
function isPassing(client: ApiClient, failure: MeshError): boolean {
  if (failure.code === 'STORE_FULL' || failure.code === 'FILE_CHANGED') return false
  return client.isTemporary(failure) || failure.code === 'FILE_NOT_FOUND'
}

function whyInvalid({ name, source }: LocalFile): MeshError {
  return changed('path' in source ? source.path : name)
}
