/** A private network: with the key everything works as without, and without it nothing begins. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { readNetworkKey } from '../../../src/network/wire/network-key.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { readAll } from '../../support/spawn-mesh.ts'

const ECHO = '/test/echo/1.0.0'
const KEY = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const nodes = new BareNodes()
afterEach(async () => await nodes.stop())

describe('with a key', () => {
  it('nodes that have it find each other and exchange what is long and what is short', async () => {
    const target = await nodes.add({ networkKey: KEY })
    await target.node.handle(
      ECHO,
      async (stream) => {
        stream.send(Buffer.from(await readAll(stream)))
        await stream.close()
      },
      { maxInboundStreams: 8 }
    )
    const asker = await nodes.add({ networkKey: KEY, listen: [] })
    const peer = await asker.node.dial(target.address)
    for (const text of ['x', 'abc'.repeat(1_000_000)]) {
      const stream = await asker.node.openStream(peer, ECHO)
      const answer = readAll(stream)
      stream.send(Buffer.from(text))
      await stream.close()
      expect((await answer) === text).toBe(true)
    }
  })

  it.each([
    ['another', OTHER, 'may have another network_key'],
    ['none', undefined, 'private network']
  ])('who has %s is told so', async (_name, networkKey, hint) => {
    const target = await nodes.add({ networkKey: KEY })
    const asker = await nodes.add({ networkKey, listen: [] })
    const signal = AbortSignal.timeout(1_000)
    await expect(asker.node.dial(target.address, { signal })).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
      hint: expect.stringContaining(hint)
    })
  })
})

function write(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-network-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'network.key')
  writeFileSync(file, text, { mode: 0o644 })
  return file
}

describe('the file of a key', () => {
  it('is read in the usual format', () => {
    const file = write(`/key/swarm/psk/1.0.0/\n/base16/\n${KEY.toUpperCase()}\n`)
    expect(readNetworkKey(file)).toBe(KEY)
  })

  it.skipIf(process.platform === 'win32')('is kept from others from then on', () => {
    const file = write(`/key/swarm/psk/1.0.0/\n/base16/\n${KEY}\n`)
    readNetworkKey(file)
    expect(statSync(file).mode & 0o077).toBe(0)
  })

  it.each([
    '',
    KEY,
    `/key/swarm/psk/1.0.0/\n/base64/\n${KEY}`,
    `/key/swarm/psk/1.0.0/\n/base16/\nab`
  ])('%j is refused, and not repeated', (text) => {
    const file = write(text)
    expect(() => readNetworkKey(file)).toThrow(
      expect.objectContaining({ code: 'IDENTITY_UNUSABLE', path: 'network_key' })
    )
    expect(() => readNetworkKey(file)).not.toThrow(KEY)
  })

  it('that is not there is told', () => {
    expect(() => readNetworkKey('/nowhere/network.key')).toThrow(
      expect.objectContaining({ code: 'IDENTITY_UNUSABLE' })
    )
  })
})
