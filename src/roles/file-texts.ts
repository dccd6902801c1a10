/** Dispatch's way to the texts of files, through the router's own library. */
import { formatBytes } from '../core/units.ts'
import { MeshError } from '../core/errors.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { FileTexts } from '../dispatch/ports.ts'
import type { OutputFile } from '../model/job.ts'
import type { RouterFiles } from './router-files.ts'

export class LibraryTexts implements FileTexts {
  readonly #files: Pick<RouterFiles, 'library' | 'service' | 'sources'>

  constructor(files: Pick<RouterFiles, 'library' | 'service' | 'sources'>) {
    this.#files = files
  }

  async text(
    { file: id, name }: OutputFile,
    bytesMax: number,
    options: AbortOptions
  ): Promise<string> {
    const { library, service, sources } = this.#files
    const letGo = library.hold([id])
    try {
      const holders = await sources.holdersOf([id])
      const peers = holders.map((holder) => holder.peer_id)
      const { sizeBytes } = await service.fetch(id, { peers }, options)
      // Whoever made it said another size, perhaps.
      if (sizeBytes > bytesMax) {
        const message = `${name} has ${formatBytes(sizeBytes)}, and there is room for ${formatBytes(bytesMax)}`
        throw new MeshError('REQUEST_TOO_LARGE', message)
      }
      return await this.#read(id)
    } finally {
      letGo()
    }
  }

  async #read(id: string): Promise<string> {
    const { library } = this.#files
    const pieces: Uint8Array[] = []
    for (let index = 0; index < (library.manifest(id)?.plan.count ?? 0); index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- pieces are large, and in order
      pieces.push(await library.readPiece(id, index))
    }
    return Buffer.concat(pieces).toString('utf8')
  }
}
