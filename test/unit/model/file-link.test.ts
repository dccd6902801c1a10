import { expect, test } from 'vitest'
import { formatFileLink, isFileLink, readFileLink } from '../../../src/model/file-link.ts'
import type { FileLink } from '../../../src/model/file-link.ts'

const HEX = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const LINK: FileLink = {
  id: `sha256:${HEX}`,
  name: 'a & b=c +%.txt',
  sizeBytes: 5,
  peers: ['/ip4/10.0.0.7/tcp/51820/p2p/12D3KooWA', '/dns4/example.org/tcp/1']
}

test('a link is read as it was written', () => {
  const text = formatFileLink(LINK)
  expect(text).toBe(
    `taskmesh:?xt=urn:sha256:${HEX}&dn=a%20%26%20b%3Dc%20%2B%25.txt&xl=5` +
      '&peer=/ip4/10.0.0.7/tcp/51820/p2p/12D3KooWA&peer=/dns4/example.org/tcp/1'
  )
  expect(readFileLink(` ${text}\n`, 'FILE')).toEqual(LINK)
  expect(isFileLink(text)).toBe(true)
  expect(isFileLink(LINK.id)).toBe(false)
})

test('an id alone is a link, and what is not known is left alone', () => {
  const text = `TASKMESH:?later=1&xt=urn:SHA256:${HEX.toUpperCase()}`
  expect(readFileLink(text, 'FILE')).toEqual({ id: LINK.id, peers: [] })
})

test('the name in a link is made safe', () => {
  const { name } = readFileLink(`taskmesh:?xt=urn:sha256:${HEX}&dn=..%2f..%2fetc%00`, 'FILE')
  expect(name).toBe('.._.._etc_')
})

test.each([
  ['magnet:?xt=urn:btih:00', 'does not begin'],
  ['taskmesh:?dn=a', 'has no xt'],
  ['taskmesh:?xt=urn:sha256:12', '64 hex digits should follow urn:sha256:'],
  [`taskmesh:?xt=urn:sha256:${HEX}&xl=-1`, 'no file has -1'],
  [`taskmesh:?xt=urn:sha256:${HEX}&xl=9999999999999`, 'no file has'],
  [`taskmesh:?xt=urn:sha256:${HEX}&xl=`, 'no file has'],
  [`taskmesh:?xt=urn:sha256:${HEX}&peer=example.org`, 'not an address'],
  [`taskmesh:?xt=urn:sha256:${HEX}${'&peer=/ip4/1.2.3.4'.repeat(17)}`, 'too many peers'],
  [`taskmesh:?xt=urn:sha256:${HEX}&dn=${'a'.repeat(9_000)}`, 'too long']
])('%.60s is refused', (text, why) => {
  expect(() => readFileLink(text, 'FILE')).toThrow(why)
})
