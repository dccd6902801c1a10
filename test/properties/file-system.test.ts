/**
 * A program's files against the simplest model of them: a list of paths. Whatever is done in whatever
 * order, both agree on what succeeds and on what is there, and what was taken comes back to the quota.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { ERRNO } from '../../src/executors/wasi/abi.ts'
import { FileError, FileSystem } from '../../src/executors/wasi/file-system.ts'
import type { FileNode, FolderNode } from '../../src/executors/wasi/nodes.ts'

const SEED = 20_261_121
const BYTES_MAX = 1_000_000
const NODES_MAX = 64

/** Path → content of a file; undefined for a folder. */
type Model = Map<string, string | undefined>

type Deed = 'createFolder' | 'unlink' | 'removeFolder' | 'rename' | 'resize' | 'write' | 'hold'

interface Step {
  deed: Deed
  path: string
  /** Where a move goes. */
  to: string
  /** Where a write begins. */
  offset: number
  size: number
}

const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((names) => names.join('/'))
const size = fc.oneof(fc.nat(20), fc.nat(10_000))
const step: fc.Arbitrary<Step> = fc.record({
  // What makes something comes more often, or there would be little to do anything to.
  deed: fc.constantFrom<Deed[]>(
    ...(['createFolder', 'createFolder', 'write', 'write', 'rename', 'rename'] as const),
    ...(['unlink', 'removeFolder', 'resize', 'hold'] as const)
  ),
  path,
  to: path,
  offset: size,
  size
})

/** What is done to the files. @throws FileError */
const deeds: Record<Deed, (files: FileSystem, one: Step, held: FileNode[]) => unknown> = {
  createFolder: (files, one) => files.createFolder(files.root, one.path),
  unlink: (files, one) => files.unlink(files.root, one.path),
  removeFolder: (files, one) => files.removeFolder(files.root, one.path),
  rename: (files, one) =>
    files.rename({ base: files.root, path: one.path }, { base: files.root, path: one.to }),
  resize: (files, one) => checkRoom(fileOf(files.find(files.root, one.path)).resize(one.size)),
  write(files, one) {
    const file = fileOf(files.openOrCreate(files.root, one.path, false))
    checkRoom(file.write(one.offset, Buffer.alloc(one.size, 'x')))
  },
  hold(files, one, held) {
    const file = fileOf(files.find(files.root, one.path))
    file.retain()
    held.push(file)
  }
}

/** What the model says of it: whether it succeeds; if so, it is done. */
const imagined: Record<Deed, (model: Model, one: Step) => boolean> = {
  createFolder(model, { path: at }) {
    if (model.has(at) || !hasParent(model, at)) return false
    model.set(at, undefined)
    return true
  },
  unlink: (model, { path: at }) => isFile(model, at) && model.delete(at),
  removeFolder: (model, { path: at }) =>
    isFolder(model, at) && below(model, at).length === 0 && model.delete(at),
  rename(model, { path: from, to }) {
    if (!model.has(from) || !hasParent(model, to)) return false
    if (from === to) return true
    if (to.startsWith(`${from}/`) || !canReplace(model, from, to)) return false
    for (const moved of [from, ...below(model, from)]) {
      model.set(to + moved.slice(from.length), model.get(moved))
      model.delete(moved)
    }
    return true
  },
  resize(model, { path: at, size: length }) {
    if (!isFile(model, at)) return false
    model.set(at, (model.get(at) ?? '').slice(0, length).padEnd(length, '\0'))
    return true
  },
  write(model, { offset, path: at, size: length }) {
    if (isFolder(model, at) || !hasParent(model, at)) return false
    const before = model.get(at) ?? ''
    const written =
      before.slice(0, offset).padEnd(offset, '\0') +
      'x'.repeat(length) +
      before.slice(offset + length)
    model.set(at, length === 0 ? before : written)
    return true
  },
  hold: (model, { path: at }) => isFile(model, at)
}

it('does what a list of paths would do', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const files = new FileSystem({ bytesMax: BYTES_MAX, nodesMax: NODES_MAX, nowNs: () => 0n })
      const model: Model = new Map()
      const held: FileNode[] = []
      for (const one of steps) {
        const isDone = succeeds(() => deeds[one.deed](files, one, held))
        expect([one, isDone]).toEqual([one, imagined[one.deed](model, one)])
        expect(treeOf(files.root)).toEqual(model)
      }
      clear(files, files.root)
      for (const file of held) file.release()
      expectAllRoom(files)
    }),
    { seed: SEED, numRuns: 500 }
  )
})

it('never holds more than its quota, however little that is', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 50 }),
      fc.nat(20_000),
      fc.nat(6),
      (steps, bytesMax, nodesMax) => {
        const files = new FileSystem({ bytesMax, nodesMax, nowNs: () => 0n })
        const held: FileNode[] = []
        for (const one of steps) {
          succeeds(() => deeds[one.deed](files, one, held))
          const tree = treeOf(files.root)
          expect(tree.size).toBeLessThanOrEqual(nodesMax)
          const bytes = [...tree.values()].reduce((sum, text) => sum + (text?.length ?? 0), 0)
          expect(bytes).toBeLessThanOrEqual(bytesMax)
        }
      }
    ),
    { seed: SEED, numRuns: 300 }
  )
})

function isFile(model: Model, at: string): boolean {
  return model.get(at) !== undefined
}

function isFolder(model: Model, at: string): boolean {
  return model.has(at) && model.get(at) === undefined
}

function hasParent(model: Model, at: string): boolean {
  const parent = at.split('/').slice(0, -1).join('/')
  return parent === '' || isFolder(model, parent)
}

function below(model: Model, at: string): string[] {
  return [...model.keys()].filter((one) => one.startsWith(`${at}/`))
}

/** Nothing is replaced but a file by a file, and an empty folder by a folder. */
function canReplace(model: Model, from: string, to: string): boolean {
  if (!model.has(to)) return true
  return isFolder(model, from) === isFolder(model, to) && below(model, to).length === 0
}

function treeOf(folder: FolderNode, above = ''): Model {
  return new Map(
    [...folder.entries].flatMap(([name, node]): [string, string | undefined][] => {
      const at = above + name
      if (node.kind === 'file') return [[at, Buffer.from(node.content).toString()]]
      return node.kind === 'folder' ? [[at, undefined], ...treeOf(node, `${at}/`)] : []
    })
  )
}

function clear(files: FileSystem, folder: FolderNode): void {
  for (const [name, node] of folder.entries) {
    if (node.kind === 'folder') clear(files, node)
    if (node.kind === 'folder') files.removeFolder(folder, name)
    else files.unlink(folder, name)
  }
}

function expectAllRoom(files: FileSystem): void {
  const all = fileOf(files.openOrCreate(files.root, 'all', true))
  expect(all.resize(BYTES_MAX)).toBe(true)
  for (let count = 1; count < NODES_MAX; count += 1) files.createFolder(files.root, String(count))
}

/** @throws FileError */
function fileOf(node: ReturnType<FileSystem['find']>): FileNode {
  if (node.kind !== 'file') throw new FileError(ERRNO.isdir)
  return node
}

/** @throws FileError */
function checkRoom(hasRoom: boolean): void {
  if (!hasRoom) throw new FileError(ERRNO.nospc)
}

function succeeds(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch (cause) {
    if (cause instanceof FileError) return false
    throw cause
  }
}
