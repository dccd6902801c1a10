/** What the `from` of an input may say, and what is said where it cannot be meant. */
import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { isMeshFile, readInput, toJobUri, toMeshUri } from '../../../src/model/input-uri.ts'
import type { MeshError } from '../../../src/core/errors.ts'

const HEX = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const FILE = `sha256:${HEX}`

function refusal(from: string, sha256?: string): Partial<MeshError> {
  try {
    readInput({ path: 'a', from, ...(sha256 === undefined ? {} : { sha256 }) }, 'inputs[2]')
  } catch (cause) {
    const { code, hint = '', message, path = '' } = cause as MeshError
    return { code, hint, message, path }
  }
  return {}
}

test.each([
  [`mesh:${FILE}`, { kind: 'mesh', file: FILE, peers: [] }],
  [`mesh:${HEX}`, { kind: 'mesh', file: FILE, peers: [] }],
  [`mesh:${HEX.toUpperCase()}`, { kind: 'mesh', file: FILE, peers: [] }],
  [
    `taskmesh:?xt=urn:sha256:${HEX}&dn=a.txt&peer=/ip4/10.0.0.7/tcp/1/p2p/12D3KooWA`,
    { kind: 'mesh', file: FILE, peers: ['/ip4/10.0.0.7/tcp/1/p2p/12D3KooWA'] }
  ],
  ['job:a/out', { kind: 'job', output: { job: 'a', item: undefined, name: 'out' } }],
  ['job:j-7m2k/0/out.txt', { kind: 'job', output: { job: 'j-7m2k', item: '0', name: 'out.txt' } }],
  ['job:j-7m2k/a/b c/out', { kind: 'job', output: { job: 'j-7m2k', item: 'a/b c', name: 'out' } }],
  ['inline:', { kind: 'inline', text: '' }],
  ['inline:{"q": "https://x"}', { kind: 'inline', text: '{"q": "https://x"}' }]
])('%s', (from, origin) => {
  expect(readInput({ path: 'a', from }, 'inputs[0]')).toEqual(origin)
})

test('an address of the web comes with the SHA-256 of what is there; its fragment is nobody else’s', () => {
  const input = { path: 'a', from: 'HTTPS://Example.org/m.bin?v=1#top', sha256: HEX }
  const url = 'https://example.org/m.bin?v=1'
  expect(readInput(input, 'inputs[0]')).toEqual({ kind: 'web', url, sha256: HEX })
})

test.each([
  ['@data.txt', undefined, 'from', 'taskmesh job run'],
  ['http://example.org/a', undefined, 'from', 'write https:'],
  ['https://example.org/a', undefined, 'sha256', 'sha256sum'],
  ['https://me:secret@example.org/a', HEX, 'from', 'without a user'],
  ['https://', HEX, 'from', 'https://example.org'],
  ['mesh:sha256:12', undefined, 'from', '64 hex digits'],
  ['mesh:', undefined, 'from', '64 hex digits'],
  [`mesh:${FILE}`, HEX, 'sha256', 'leave it out'],
  ['taskmesh:?xt=urn:btih:12', undefined, 'from', 'taskmesh:?xt=urn:sha256:'],
  ['job:a', undefined, 'from', 'job:<id or name>/<output>'],
  ['job:/out', undefined, 'from', 'job:<id or name>/<output>'],
  ['job:a/', undefined, 'from', 'job:<id or name>/<output>'],
  ['job:a//out', undefined, 'from', 'job:<id or name>/<output>'],
  [FILE, undefined, 'from', 'write mesh:sha256:'],
  ['data.txt', undefined, 'from', 'write mesh:sha256:']
])('refuses %s (sha256 %s) at %s', (from, sha256, field, hint) => {
  expect(refusal(from, sha256)).toMatchObject({
    code: field === 'sha256' && sha256 === undefined ? 'FIELD_MISSING' : 'FIELD_INVALID',
    path: `inputs[2].${field}`,
    hint: expect.stringContaining(hint) as string
  })
})

test('a program’s text is no file of the mesh', () => {
  expect(isMeshFile(`mesh:${FILE}`)).toBe(true)
  expect(isMeshFile(`taskmesh:?xt=urn:sha256:${HEX}`)).toBe(true)
  expect(isMeshFile(`mesh:${FILE} `)).toBe(false)
  expect(isMeshFile('taskmesh:? 1 : 2')).toBe(false)
  expect(isMeshFile('function main () { return 1 }')).toBe(false)
})

test('whatever is written, it is read as it was meant or refused with its field', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .tuple(fc.constantFrom('mesh:', 'job:', 'https:', 'https://', 'taskmesh:?', '@'), fc.string())
      .map((parts) => parts.join(''))
  )
  fc.assert(
    fc.property(texts, fc.option(fc.constant(HEX), { nil: undefined }), (from, sha256) => {
      const { code = 'taken', path = 'inputs[2].from' } = refusal(from, sha256)
      expect(['taken', 'FIELD_INVALID', 'FIELD_MISSING']).toContain(code)
      expect(path).toMatch(/^inputs\[2\]\.(from|sha256)$/)
    })
  )
})

test('what is written for an output or a file is read as the same again', () => {
  const job = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/)
  const item = fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined })
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/)
  fc.assert(
    fc.property(fc.record({ job, item, name }), (output) => {
      const read = readInput({ path: 'a', from: toJobUri(output) }, 'inputs[0]')
      expect(read).toEqual({ kind: 'job', output })
    })
  )
  expect(readInput({ path: 'a', from: toMeshUri(FILE) }, 'x')).toMatchObject({ file: FILE })
})
