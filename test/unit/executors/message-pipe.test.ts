import { PassThrough, duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { MessagePipe } from '../../../src/executors/sandbox/message-pipe.ts'

function hear(chunks: readonly (string | Uint8Array)[], lengthMax?: number): unknown[] {
  const heard: unknown[] = []
  const stream = new PassThrough()
  const bound = lengthMax === undefined ? {} : { lengthMax }
  const pipe = new MessagePipe(stream, { ...bound, onMessage: (message) => heard.push(message) })
  for (const chunk of chunks) stream.emit('data', Buffer.from(chunk))
  expect(pipe.heardLength).toBe(
    Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString().length
  )
  return heard
}

describe('a message', () => {
  it('is a line, however it is cut', () => {
    expect(hear(['{"a":1}\n{"a"', ':2}', '\n3\n"no end"'])).toEqual([{ a: 1 }, { a: 2 }, 3])
  })

  it('may be cut within a letter', () => {
    const bytes = Buffer.from('"é€😀"\n')
    expect(hear([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['é€😀'])
  })

  it('comes as it was sent', async () => {
    const [near, far] = duplexPair()
    const heard = new Promise((onMessage) => new MessagePipe(far, { onMessage }))
    new MessagePipe(near, { onMessage: () => {} }).send({ text: 'two\nlines' })
    expect(await heard).toEqual({ text: 'two\nlines' })
  })
})

describe('what is no message', () => {
  it.each([
    ['no JSON', ['1\nno\n2\n', '3\n']],
    ['an empty line', ['1\n\n2\n', '3\n']],
    ['a line that is too long', ['1\n', `"${'x'.repeat(99)}"\n`, '3\n']],
    ['a line that never ends', ['1\n', 'x'.repeat(60), 'x'.repeat(60), '\n3\n']]
  ])('is heard of once, and then nothing more: %s', (_, chunks) => {
    expect(hear(chunks, 100)).toEqual([1, undefined])
  })

  it('begins behind the longest that may be', () => {
    expect(hear([`"${'x'.repeat(98)}"\n`], 100)).toEqual(['x'.repeat(98)])
  })
})
