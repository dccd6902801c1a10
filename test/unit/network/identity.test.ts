/** A node's key file: made once, kept from others, never guessed at. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadIdentity, temporaryIdentity } from '../../../src/network/identity.ts'

const isRoot = process.getuid?.() === 0
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskmesh-identity-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a key file', () => {
  it('is made on the first start, in folders that are made too, for its owner alone', async () => {
    const file = join(folder, 'deep', 'down', 'key')
    const key = await loadIdentity(file)
    expect(key.type).toBe('Ed25519')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'deep')).mode & 0o077).toBe(0)
    expect(readdirSync(join(folder, 'deep', 'down'))).toEqual(['key'])
  })

  it('gives the same key ever after', async () => {
    const file = join(folder, 'key')
    const first = await loadIdentity(file)
    const second = await loadIdentity(file)
    expect(second.equals(first)).toBe(true)
    expect((await temporaryIdentity()).equals(first)).toBe(false)
  })

  it('that others may read is closed to them', async () => {
    const file = join(folder, 'key')
    const key = await loadIdentity(file)
    chmodSync(file, 0o644)
    expect((await loadIdentity(file)).equals(key)).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['garbage', new TextEncoder().encode('this is no key')],
    ['a key cut short', Uint8Array.of(8, 1, 18, 64, 1, 2, 3)]
  ])('with %s in it is refused, and left as it is', async (_name, bytes) => {
    const file = join(folder, 'key')
    writeFileSync(file, bytes, { mode: 0o600 })
    await expect(loadIdentity(file)).rejects.toMatchObject({
      code: 'IDENTITY_UNUSABLE',
      message: expect.stringContaining(file)
    })
    expect(statSync(file).size).toBe(bytes.byteLength)
  })

  it('that is a folder is refused', async () => {
    await expect(loadIdentity(folder)).rejects.toMatchObject({ code: 'IDENTITY_UNUSABLE' })
  })

  it('below a file cannot be made, which is said', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(loadIdentity(join(folder, 'file', 'key'))).rejects.toMatchObject({
      code: 'IDENTITY_UNUSABLE',
      message: expect.stringContaining(join(folder, 'file'))
    })
  })

  it.skipIf(isRoot)('in a folder that cannot be written is an error that says so', async () => {
    chmodSync(folder, 0o500)
    await expect(loadIdentity(join(folder, 'key'))).rejects.toMatchObject({
      code: 'IDENTITY_UNUSABLE',
      message: expect.stringContaining(folder)
    })
    chmodSync(folder, 0o700)
  })
})
