/** What goes wrong with this node's own disk while it works for others is neither their fault nor the job's. */
import { MeshError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'

const OWN_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FILE_BUSY',
  'FILE_CHANGED',
  'FILE_NOT_FOUND',
  'STORE_FAILED',
  'STORE_FULL'
])

export function withOwnFault(cause: unknown): MeshError {
  const error = MeshError.from(cause)
  if (!OWN_FAULTS.has(error.code)) return error
  const { code, hint, message, path } = error
  return new MeshError(code, message, { path, hint, blame: 'worker', retryable: true, cause })
}
