/** Whoever reads a file over HTTP: a bounded number at a time, each until it has gone. */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import type { FastifyReply } from 'fastify'

export class FileReaders {
  #count = 0

  /** Until the reply is over, however it ends. @throws MeshError TOO_MANY_REQUESTS */
  take(reply: FastifyReply): void {
    if (this.#count >= LIMITS.fileReadersMax) {
      throw new MeshError('TOO_MANY_REQUESTS', `${this.#count} files are being read already`, {
        hint: 'ask again later, or fetch it as a peer: taskmesh files get'
      })
    }
    this.#count += 1
    reply.raw.once('close', () => (this.#count -= 1))
  }
}

/** Aborted when the answer is sent, or nobody is there any more to read it. */
export function endOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const onClose = (): void => controller.abort(new MeshError('PEER_GONE', 'the reader has gone'))
  if (reply.raw.closed) onClose()
  else reply.raw.once('close', onClose)
  return controller.signal
}
