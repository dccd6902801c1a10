/** The book of named tokens: what it keeps, what it takes for a token, and when one is over. */
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { memoryTokenBook } from '../../support/memory-token-book.ts'

const REQUEST = { name: 'ci', scope: 'submit' } as const

test('of a token nothing is kept that opens anything', () => {
  const kept: { text?: string } = {}
  const { token = '' } = memoryTokenBook(kept).create(REQUEST)
  const secret = token.slice(-43)
  expect(kept.text).not.toContain(secret)
  expect(kept.text).not.toContain(secret.slice(0, 12))
  expect(kept.text).toMatch(/"sha256":"[0-9a-f]{64}"/)
})

test('it is known by all of its letters, and by none fewer or others', () => {
  const book = memoryTokenBook()
  const { id, token = '' } = book.create(REQUEST)
  expect(book.find(token)).toMatchObject({ tokenId: id, submitter: 'http/ci', scope: 'submit' })
  for (let at = 0; at < token.length; at += 1) {
    const letter = token[at] === 'a' ? 'b' : 'a'
    expect(book.find(`${token.slice(0, at)}${letter}${token.slice(at + 1)}`)).toBeUndefined()
    expect(book.find(token.slice(0, at))).toBeUndefined()
  }
  for (const text of [`${token}x`, ` ${token}`, token.toUpperCase(), id, '', '__proto__']) {
    expect(book.find(text)).toBeUndefined()
  }
})

test('the secret of one does not open the other', () => {
  const book = memoryTokenBook()
  const [one = '', other = ''] = [1, 2].map(() => book.create(REQUEST).token)
  expect(book.find(one.slice(0, -43) + other.slice(-43))).toBeUndefined()
})

test('it is over at its time, for whoever has it in hand as well, and then it is gone', () => {
  const clock = new FakeClock()
  const book = memoryTokenBook({}, clock)
  const { id, token = '' } = book.create({ ...REQUEST, ttl: '1h' })
  const caller = book.find(token)
  clock.advance(3_599_999)
  expect(caller?.isValid()).toBe(true)
  clock.advance(1)
  expect(caller?.isValid()).toBe(false)
  expect(book.find(token)).toBeUndefined()
  expect(book.list()).toEqual([])
  expect(() => book.revoke(id)).toThrow('there is no token')
})

test('it is good for thirty days where nothing is said, and outlives restarts', () => {
  const clock = new FakeClock()
  const kept = {}
  const made = memoryTokenBook(kept, clock).create(REQUEST)
  expect(made.expires_at_ms - made.created_at_ms).toBe(30 * 86_400_000)
  const again = memoryTokenBook(kept, clock)
  expect(again.find(made.token ?? '')).toMatchObject({ scope: 'submit' })
  again.revoke(made.id)
  expect(memoryTokenBook(kept, clock).find(made.token ?? '')).toBeUndefined()
})

test('there is a bounded number; what is over makes room', () => {
  const clock = new FakeClock()
  const book = memoryTokenBook({}, clock)
  for (let count = 0; count < LIMITS.apiTokensMax; count += 1)
    book.create({ ...REQUEST, ttl: '1h' })
  expect(() => book.create(REQUEST)).toThrow('tokens already')
  clock.advance(3_600_000)
  book.create(REQUEST)
  expect(book.list()).toHaveLength(1)
})

test('what could not be kept is no token', () => {
  const kept = {}
  const book = memoryTokenBook(kept)
  const { id, token = '' } = book.create(REQUEST)
  Object.defineProperty(kept, 'text', {
    set: () => {
      throw new Error('the disk is full')
    }
  })
  expect(() => book.revoke(id)).toThrow('the disk is full')
  expect(() => book.create(REQUEST)).toThrow('the disk is full')
  expect(book.find(token)?.isValid()).toBe(true)
  expect(book.list()).toHaveLength(1)
})

test.each([
  ['', '[]', '{}', '{"version":2,"tokens":[]}'],
  ['{"version":1,"tokens":[{"id":"a"}]}', '{"version":1,"tokens":[null]}', 'secret{', 'null']
])('a damaged book is said to be one, without a word of it', (...texts) => {
  for (const text of texts) {
    expect(() => memoryTokenBook({ text })).toThrow('is damaged')
  }
})
