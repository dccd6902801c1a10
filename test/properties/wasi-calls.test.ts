/**
 * A program may call the system with any numbers over any memory, also while that grows: it always gets
 * an errno, and never makes the system throw, reach beyond the memory, or take more than its quota.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { DeviceNode } from '../../src/executors/wasi/nodes.ts'
import { ERRNO, WASI_PARAMETERS } from '../../src/executors/wasi/abi.ts'
import { WasiGuest } from '../support/wasi-guest.ts'
import type { FolderNode } from '../../src/executors/wasi/nodes.ts'
import type { WasiCallName } from '../../src/executors/wasi/abi.ts'

const SEED = 20_261_121
const BYTES_MAX = 100_000
const NODES_MAX = 10
/** Paths lie one after the other at the beginning of the memory, each in a place of this size. */
const PATH_PLACE = 16
const PATHS = ['a', 'a/b', 'b', '.', '..', 'a/..', 'dev/progress', '/', 'a/b/c', '']
const ERRNOS = Object.values(ERRNO) as number[]

/** Where lists of buffers lie that mean something. */
const BUFFERS = 61_000
const MEMORY_BYTES_MAX = 2 * 65_536

interface Call {
  name: WasiCallName
  args: (number | bigint)[]
  /** A buffer that the call finds, at `BUFFERS`. */
  buffer?: [address: number, length: number]
  /** The memory grows before the call. */
  isGrowing?: boolean
}

const address = fc.oneof(
  fc.nat(PATHS.length - 1).map((index) => index * PATH_PLACE),
  fc.nat(65_535),
  fc.integer({ min: MEMORY_BYTES_MAX - 100, max: MEMORY_BYTES_MAX + 100 }),
  fc.constantFrom(-1, -8, 2 ** 31 - 1, 65_536 - 8),
  fc.integer()
)
const number = fc.oneof(fc.nat(8), address)
const long = fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))

const names = (Object.keys(WASI_PARAMETERS) as WasiCallName[]).filter(
  (name) => name !== 'proc_exit'
)
const call: fc.Arbitrary<Call> = fc.constantFrom(...names).chain((name) => {
  const args = WASI_PARAMETERS[name].split('').map((letter) => (letter === 'i' ? number : long))
  return fc.tuple(...args).map((values) => ({ name, args: values }))
})
/** A call that opens something, so that the others find more than they would by chance. */
const opening: fc.Arbitrary<Call> = fc
  .tuple(fc.nat(PATHS.length - 1), fc.nat(15), fc.constantFrom(0n, 2n, 64n, 66n))
  .map(([path, flags, rights]) => ({
    name: 'path_open',
    args: [3, 0, path * PATH_PLACE, PATHS[path]?.length ?? 0, flags, rights, 0n, 0, 60_000]
  }))

/** A call that moves bytes of a buffer that is there, or nearly. */
const moving: fc.Arbitrary<Call> = fc
  .record({
    fd: fc.nat(6),
    isWrite: fc.boolean(),
    buffer: fc.tuple(address, fc.oneof(fc.nat(40_000), fc.integer())),
    isGrowing: fc.boolean()
  })
  .map(({ fd, isWrite, ...rest }) => ({
    name: isWrite ? 'fd_write' : 'fd_read',
    args: [fd, BUFFERS, 1, 62_000],
    ...rest
  }))

it('answers any call', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(call, opening, moving), { minLength: 1, maxLength: 60 }),
      fc.uint8Array({ minLength: 400, maxLength: 400 }),
      (calls, noise) => {
        const guest = createGuest(noise)
        for (const { args, buffer, isGrowing = false, name } of calls) {
          if (isGrowing && guest.memory.buffer.byteLength < MEMORY_BYTES_MAX) guest.memory.grow(1)
          if (buffer !== undefined) new Int32Array(guest.memory.buffer, BUFFERS).set(buffer)
          expect(ERRNOS).toContain(guest.call(name, ...args))
        }
        const { system } = guest
        expect(system.end).toBeUndefined()
        const { bytes, nodes } = measure(system.files.root)
        expect(bytes).toBeLessThanOrEqual(BYTES_MAX)
        expect(nodes).toBeLessThanOrEqual(NODES_MAX)
      }
    ),
    { seed: SEED, numRuns: 600 }
  )
})

function createGuest(noise: Uint8Array): WasiGuest {
  const guest = new WasiGuest({ fileBytesMax: BYTES_MAX, filesMax: NODES_MAX })
  guest.system.files.place('dev/progress', new DeviceNode({ write: () => undefined }))
  PATHS.forEach((path, index) => guest.bytes.set(Buffer.from(path), index * PATH_PLACE))
  guest.bytes.set(noise, PATHS.length * PATH_PLACE)
  return guest
}

function measure(folder: FolderNode): { bytes: number; nodes: number } {
  let [bytes, nodes] = [0, 0]
  for (const node of folder.entries.values()) {
    if (node.kind === 'device') continue
    nodes += 1
    if (node.kind === 'file') bytes += node.size
    else {
      const inner = measure(node)
      bytes += inner.bytes
      nodes += inner.nodes
    }
  }
  return { bytes, nodes }
}
