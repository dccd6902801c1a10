/** Callers that leave before they are answered. */
import { MeshError } from '../../core/errors.ts'
import type { FastifyReply } from 'fastify'

/** Aborted when the caller has left or the server stops; holds on to neither afterwards. */
export function leavingSignal(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const leaving = new AbortController()
  const onStop = (): void => leaving.abort(stopping.reason)
  stopping.addEventListener('abort', onStop, { once: true })
  reply.raw.once('close', () => {
    stopping.removeEventListener('abort', onStop)
    leaving.abort(new MeshError('SESSION_CLOSED', 'the caller left'))
  })
  return leaving.signal
}
