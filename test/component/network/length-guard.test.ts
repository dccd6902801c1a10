/** A length that never ends, wherever libp2p expects one: the connection or stream ends, and what follows is not looked at. */
import { createConnection } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Uint8ArrayList } from 'uint8arraylist'
import { guardLengths } from '../../../src/network/guard/length-guard.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const mesh = new Mesh()
let node: SpawnedNode

beforeAll(async () => {
  node = await mesh.add({ isOverTcp: true })
})
afterAll(async () => await mesh.stop())

/** As libp2p gathers a length. */
function gathered(bytes: readonly number[]): Uint8ArrayList {
  const list = new Uint8ArrayList()
  for (const byte of bytes) list.append(Uint8Array.of(byte))
  return list
}

test('eight bytes, each of which says that another follows, are no length', () => {
  guardLengths()
  expect(() => gathered(Array.from({ length: 8 }, () => 0xff)).get(7)).toThrow(/no end/)
  expect(gathered([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).get(7)).toBe(1)
  expect(gathered([0xff, 0xff, 0xff, 0xff, 0x01, 0xff, 0xff, 0xff]).get(7)).toBe(0xff)
  expect(new Uint8ArrayList(new Uint8Array(8).fill(0xff)).get(7)).toBe(0xff)
})

test('a connection that begins so is ended at once, though it has more to say', async () => {
  const port = Number(/\/tcp\/(\d+)/.exec(node.address)?.[1])
  const socket = createConnection({ host: '127.0.0.1', port })
  const ended = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  // oxlint-disable-next-line typescript/unbound-method -- called on the very object that it is wrapped for
  const { append } = Uint8ArrayList.prototype
  let gatheredMax = 0
  Uint8ArrayList.prototype.append = function (...parts) {
    append.apply(this, parts)
    const [first] = this
    if (first?.byteLength === 1) gatheredMax = Math.max(gatheredMax, [...this].length)
  }
  try {
    socket.write(new Uint8Array(4_096).fill(0xff))
    await ended
  } finally {
    Uint8ArrayList.prototype.append = append
  }
  expect(gatheredMax).toBe(8)
})
