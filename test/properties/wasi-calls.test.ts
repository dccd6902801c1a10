/**
 * A program may call the system with any numbers over any memory: it always gets an errno, and never
 * makes the system throw, take more than its quota, or wait when it was not asked to.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { DeviceNode } from '../../src/executors/wasi/nodes.ts'
import { ERRNO, WASI_PARAMETERS } from '../../src/executors/wasi/abi.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { WasiSystem } from '../../src/executors/wasi/wasi-system.ts'
import type { FolderNode } from '../../src/executors/wasi/nodes.ts'
import type { WasiCallName } from '../../src/executors/wasi/abi.ts'

const SEED = 20_261_121
const BYTES_MAX = 100_000
const NODES_MAX = 10
/** Paths lie one after the other at the beginning of the memory, each in a place of this size. */
const PATH_PLACE = 16
const PATHS = ['a', 'a/b', 'b', '.', '..', 'a/..', 'dev/progress', '/', 'a/b/c', '']
const ERRNOS = Object.values(ERRNO) as number[]

interface Call {
  name: WasiCallName
  args: (number | bigint)[]
}

const address = fc.oneof(
  fc.nat(PATHS.length - 1).map((index) => index * PATH_PLACE),
  fc.nat(65_535),
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

it('answers any call', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(call, opening), { minLength: 1, maxLength: 60 }),
      fc.uint8Array({ minLength: 400, maxLength: 400 }),
      (calls, noise) => {
        const { imports, system } = createSystem(noise)
        for (const { args, name } of calls) {
          const answer = (imports[name] as (...values: unknown[]) => number)(...args)
          expect(ERRNOS).toContain(answer)
        }
        expect(system.end).toBeUndefined()
        const { bytes, nodes } = measure(system.files.root)
        expect(bytes).toBeLessThanOrEqual(BYTES_MAX)
        expect(nodes).toBeLessThanOrEqual(NODES_MAX)
      }
    ),
    { seed: SEED, numRuns: 600 }
  )
})

function createSystem(noise: Uint8Array): {
  system: WasiSystem
  imports: WebAssembly.ModuleImports
} {
  const system = new WasiSystem({
    clock: new FakeClock(),
    args: ['program', 'é'],
    environment: ['A=b'],
    stdin: new DeviceNode({ read: () => 0 }),
    stdout: new DeviceNode({ write: () => undefined }),
    stderr: new DeviceNode({ write: () => undefined }),
    fileBytesMax: BYTES_MAX,
    filesMax: NODES_MAX,
    wait: () => undefined,
    fillRandom: (target) => void target.fill(7)
  })
  system.files.place('dev/progress', new DeviceNode({ write: () => undefined }))
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const bytes = new Uint8Array(memory.buffer)
  PATHS.forEach((path, index) => bytes.set(Buffer.from(path), index * PATH_PLACE))
  bytes.set(noise, PATHS.length * PATH_PLACE)
  system.attach(memory)
  return { system, imports: system.imports() }
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
