/** The `Idempotency-Key` header: by which a request that makes a job may be sent again without making two. */
import { MeshError } from '../core/errors.ts'
import type { FastifyRequest } from 'fastify'

/** With the name of any job of a graph after it, it is still a key. */
const KEY_LETTERS_MAX = 128

/** @throws MeshError FIELD_INVALID */
export function idempotencyKeyOf({ raw }: FastifyRequest): string | undefined {
  const [key, ...others] = raw.headersDistinct['idempotency-key'] ?? []
  if (others.length > 0) throw invalid('there are several idempotency keys', 'send one')
  if (key === undefined || (key !== '' && key.length <= KEY_LETTERS_MAX)) return key
  throw invalid(
    'the idempotency key is empty or too long',
    `it has 1 to ${KEY_LETTERS_MAX} letters`
  )
}

function invalid(message: string, hint: string): MeshError {
  return new MeshError('FIELD_INVALID', message, { path: 'idempotency-key', hint })
}
