/** Secrets in texts that people and logs get to see. */
import { describe, expect, test } from 'vitest'
import { HIDDEN, hideSecrets } from '../../../src/core/secret-text.ts'

const API_TOKEN = `taskmesh-k3v9x2mq-${'Ab1_-'.repeat(8)}xyz`
const SIGNED = `eyJhbGciOiJFZERTQSJ9.${'a1-_'.repeat(9)}.${'Zz09'.repeat(12)}`

describe('what looks like a secret is taken out', () => {
  test.each([
    ['https://me:pw@host/ask', `https://${HIDDEN}@host/ask`],
    ['failed at https://me:p%40w@host:1/x?y', `failed at https://${HIDDEN}@host:1/x?y`],
    ['https://token@host/', `https://${HIDDEN}@host/`],
    ['Authorization: Bearer abcdefgh-123', `Authorization: Bearer ${HIDDEN}`],
    [`--token ${API_TOKEN}, it says`, `--token ${HIDDEN}, it says`],
    [`{"token":"${API_TOKEN}"}`, `{"token":"${HIDDEN}"}`],
    [`?t=x-${API_TOKEN}x`, `?t=x-${HIDDEN}x`],
    [`the token ${SIGNED}, it says`, `the token ${HIDDEN}, it says`],
    ['https://host/@me and a@b.c', 'https://host/@me and a@b.c'],
    ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooW', '/ip4/127.0.0.1/tcp/1/p2p/12D3KooW']
  ])('%s', (text, shown) => {
    expect(hideSecrets(text)).toBe(shown)
  })

  test('a given one, also as it stands in JSON', () => {
    const secret = 'pass"word\\1'
    expect(hideSecrets(`a ${secret} b`, [secret])).toBe(`a ${HIDDEN} b`)
    expect(hideSecrets(JSON.stringify({ a: secret }), [secret])).toBe(`{"a":"${HIDDEN}"}`)
  })

  test('one that is too short to be one takes no letters out of words', () => {
    expect(hideSecrets('a banana', ['a'])).toBe('a banana')
  })
})

test.each([
  'a.'.repeat(50_000),
  'eyJ-'.repeat(25_000),
  'x://'.repeat(25_000),
  'bearer '.repeat(15_000)
])('a long text takes no time that grows with its square', (text) => {
  expect(hideSecrets(text)).toHaveLength(text.length)
})
