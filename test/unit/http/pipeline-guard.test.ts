import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { pipelineGuard } from '../../../src/http/guards.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

test('of one connection, so many requests may wait for their answers', () => {
  const check = pipelineGuard()
  const request = { socket: {} } as IncomingMessage
  const ask = (from: IncomingMessage = request): ServerResponse => {
    const response = new EventEmitter() as ServerResponse
    check(from, response)
    return response
  }
  const [first] = Array.from({ length: LIMITS.apiPipelinedMax }, () => ask())
  const refused = new EventEmitter() as ServerResponse
  expect(() => check(request, refused)).toThrow(
    expect.objectContaining({ code: 'TOO_MANY_REQUESTS' }) as Error
  )
  expect(() => ask({ socket: {} } as IncomingMessage)).not.toThrow()
  refused.emit('close')
  first?.emit('close')
  expect(() => ask()).not.toThrow()
})
