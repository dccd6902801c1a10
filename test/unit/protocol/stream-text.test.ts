/** Texts on streams: an end that nobody waits for any more harms nobody. */
import { expect, it } from 'vitest'
import { FakeStream } from '../../fuzz/fake-stream.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { readToEnd } from '../../../src/protocol/stream-text.ts'
import { codeOf } from '../../support/build-authority.ts'
import { settle } from '../../support/settle.ts'

it('a reader that comes too late leaves nothing behind that fails later', async () => {
  const unheard: unknown[] = []
  const listen = (cause: unknown): void => void unheard.push(cause)
  process.on('unhandledRejection', listen)
  try {
    const stream = new FakeStream()
    const signal = AbortSignal.abort(new MeshError('STOPPING', 'this node is stopping'))
    expect(await codeOf(readToEnd(stream.asStream, { bytesMax: 9, signal }))).toBe('STOPPING')
    stream.dispatchEvent(new Event('end'))
    await settle()
    expect(unheard).toEqual([])
  } finally {
    process.off('unhandledRejection', listen)
  }
})
