/** The first word on a piece stream: both ends say hello, and speak the same version, before anything else counts. */
import { MeshError } from '../../core/errors.ts'
import { PIECES_VERSION, invalid } from './messages.ts'
import type { PieceMessage } from './messages.ts'

export class Greeting {
  #isDone = false

  /** The other end has said hello. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** @throws MeshError FRAME_INVALID where it is not the time for that message; PROTOCOL_VERSION */
  check(message: PieceMessage): void {
    if (message.kind !== 'hello') {
      if (this.#isDone || message.kind === 'goodbye') return
      throw invalid('a piece stream begins with a hello')
    }
    if (this.#isDone) throw invalid('a second hello')
    if (message.version !== PIECES_VERSION) {
      throw new MeshError(
        'PROTOCOL_VERSION',
        `the other end speaks version ${message.version} of the piece stream, this is version ${PIECES_VERSION}`
      )
    }
    this.#isDone = true
  }
}
