/** Asks a worker over its session what it is. Its own signed word is the only one that counts. */
import { MeshError } from '../core/errors.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { openRecord } from './record.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CapabilityRecord } from './record.ts'
import type { LoadReport, RouterLimits } from '../model/generated/capability-record.ts'
import type { Session } from '../protocol/session.ts'

export interface WorkerAnswer {
  record: CapabilityRecord
  load: LoadReport | undefined
  /** What its owner lets the asker have of it. */
  limits: RouterLimits | undefined
}

const ASK_TIMEOUT_MS = 10_000

export interface Asking extends AbortOptions {
  namespace: string
}

/**
 * @throws MeshError RESPONSE_INVALID when it is no worker of this namespace; whatever ends the session
 */
export async function askWorker(
  session: Session,
  { namespace, signal }: Asking
): Promise<WorkerAnswer> {
  const answer = await session.request(
    { command: 'GET_CAPABILITIES', params: {} },
    { timeoutMs: ASK_TIMEOUT_MS, signal }
  )
  if (answer.error !== undefined) throw answer.error
  const result = COMMANDS.GET_CAPABILITIES.checkResult(answer.result)
  if (result.record === undefined) {
    throw new MeshError('RESPONSE_INVALID', 'it runs no tasks: its answer has no capability record')
  }
  const record = await openRecord(Buffer.from(result.record, 'base64'))
  if (record.peer_id !== session.remotePeer || record.namespace !== namespace) {
    throw new MeshError('RESPONSE_INVALID', `it is a worker of namespace ${record.namespace}`)
  }
  return { record, load: result.load, limits: result.limits }
}
