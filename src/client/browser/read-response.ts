/**
 * The answer to a command as far as a tab looks at it: its envelope by hand, as compiling the schemas would take the page an
 * exception from its content security policy.
 */
import { MeshError } from '../../core/errors.ts'
import type { CommandResponse } from '../../model/generated/envelope.ts'

const STATUSES: readonly unknown[] = ['success', 'error', 'timeout']

/** @throws MeshError RESPONSE_INVALID */
export function readResponse(value: unknown): CommandResponse {
  const { command, from, request_id: id, status } = (value ?? {}) as Partial<CommandResponse>
  const isWhole = [command, from, id].every((text) => typeof text === 'string')
  if (isWhole && STATUSES.includes(status)) return value as CommandResponse
  throw new MeshError('RESPONSE_INVALID', 'the answer is no response of the command protocol')
}
