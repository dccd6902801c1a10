/**
 * Whatever a task leaves in its folder, and whatever it still does there: what comes back is what a plain
 * model says, or a typed error; nothing from outside, nothing beyond the bounds, and always an end
 * (hostile 19 of the design).
 */
import * as fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { MeshError } from '../../src/core/errors.ts'
import { collectOutputs } from '../../src/executors/process/output-collector.ts'
import type { CollectedOutputs } from '../../src/executors/process/output-collector.ts'

const BOUNDS = { bytesMax: 2_000, filesMax: 12, entriesMax: 40 }
/** Paths of a document and of its results go no deeper. */
const DEPTH_MAX = 16
const SECRET = 'a secret beside the folder'

const base = mkdtempSync(join(tmpdir(), 'taskmesh-outputs-'))
const outside = join(base, 'outside')
mkdirSync(outside)
writeFileSync(join(outside, 'secret'), SECRET)
execFileSync('mkfifo', [join(base, 'fifo')])
/** A socket that is listened at: one that anybody could talk to. */
const server = createServer().listen(join(base, 'socket'))
await once(server, 'listening')
afterAll(() => {
  server.close()
  rmSync(base, { recursive: true })
})

const LINKS = ['secret', '.', '..', 'absent', '/etc/passwd'] as const

type Node =
  | { kind: 'file'; bytes: Uint8Array }
  | { kind: 'hole'; size: number }
  | { kind: 'link'; target: (typeof LINKS)[number] }
  | { kind: 'hard' | 'fifo' | 'socket' }
  | { kind: 'folder'; nodes: Entry[] }
  | { kind: 'chain'; depth: number }

type Entry = readonly [name: string | Uint8Array, node: Node]

const plainName = fc.constantFrom('a', 'b', 'c', 'λ', '-rf', ' ')
const anyName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((text) => !/[/\0]/.test(text) && !['.', '..'].includes(text))
/** Not UTF-8: no text ever has this byte. */
const rawName = fc.constantFrom(Uint8Array.of(0xff), Uint8Array.of(0x61, 0xff))
const tree = fc.letrec<{ node: Node; nodes: Entry[] }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('file' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ kind: fc.constant('hole' as const), size: fc.constantFrom(0, 1, 900, 2_001, 5e9) }),
    fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom(...LINKS) }),
    fc.record({ kind: fc.constantFrom('hard' as const, 'fifo' as const, 'socket' as const) }),
    fc.record({ kind: fc.constant('chain' as const), depth: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('folder' as const), nodes: tie('nodes') })
  ),
  nodes: fc.uniqueArray(fc.tuple(fc.oneof(plainName, anyName, rawName), tie('node')), {
    maxLength: 7,
    selector: ([name]) => Buffer.from(name).toString('hex')
  })
})).nodes

function plant(folder: Uint8Array, nodes: readonly Entry[]): void {
  mkdirSync(Buffer.from(folder))
  for (const [name, node] of nodes) {
    const path = Buffer.concat([folder, Buffer.from('/'), Buffer.from(name)])
    switch (node.kind) {
      case 'file':
        writeFileSync(path, node.bytes, { mode: 0o4777 })
        break
      case 'hole':
        writeFileSync(path, '')
        truncateSync(path, node.size)
        break
      case 'link':
        symlinkSync(node.target.startsWith('/') ? node.target : join(outside, node.target), path)
        break
      case 'hard':
        linkSync(join(outside, 'secret'), path)
        break
      case 'fifo':
      case 'socket':
        linkSync(join(base, node.kind), path)
        break
      case 'folder':
        plant(path, node.nodes)
        break
      case 'chain':
        plant(path, chainOf(node.depth))
        break
    }
  }
}

function chainOf(depth: number): Entry[] {
  const file: Entry = ['end', { kind: 'file', bytes: Buffer.from('end') }]
  return depth === 0 ? [file] : [['d', { kind: 'folder', nodes: chainOf(depth - 1) }]]
}

/** What should come of it: every plain file with a plain name, and how many entries are seen on the way. */
function model(
  path: string,
  nodes: readonly Entry[]
): { files: [string, number][]; entries: number } {
  const all = { files: [] as [string, number][], entries: 0 }
  if (path.split('/').length >= DEPTH_MAX) return all
  all.entries = nodes.length
  for (const [name, node] of nodes) {
    if (typeof name !== 'string' || !isPlain(name)) continue
    const inner = `${path}/${name}`
    if (node.kind === 'file') all.files.push([inner, node.bytes.length])
    if (node.kind === 'hole') all.files.push([inner, node.size])
    if (node.kind !== 'folder' && node.kind !== 'chain') continue
    const below = model(inner, node.kind === 'folder' ? node.nodes : chainOf(node.depth))
    all.files.push(...below.files)
    all.entries += below.entries
  }
  return all
}

function isPlain(name: string): boolean {
  return !name.includes('\\') && !/\p{Cc}/u.test(name.replaceAll(/[\u0080-\u009f]/g, ''))
}

function bytesAt(path: string, nodes: readonly Entry[]): Uint8Array | undefined {
  const [first = '', ...rest] = path.split('/')
  const node = nodes.find(([name]) => name === first)?.[1]
  if (node?.kind === 'file') return node.bytes
  if (node?.kind === 'hole') return Buffer.alloc(node.size)
  if (node?.kind === 'folder') return bytesAt(rest.join('/'), node.nodes)
  return node?.kind === 'chain' ? bytesAt(rest.join('/'), chainOf(node.depth)) : undefined
}

/** What comes out is checked here, however it came about. */
async function collect(root: string): Promise<CollectedOutputs | MeshError> {
  const outcome = await collectOutputs(root, ['out'], BOUNDS).catch((cause: unknown) => cause)
  const isTyped = outcome instanceof MeshError
  expect([undefined, 'TASK_OUTPUT_TOO_LARGE', 'TASK_FAILED']).toContain(
    isTyped ? outcome.code : undefined
  )
  if (isTyped) return outcome
  const outputs = outcome as CollectedOutputs
  const all = Buffer.concat([...outputs.files.values()])
  expect(all.includes(SECRET) || all.includes('root:')).toBe(false)
  expect(all.length).toBeLessThanOrEqual(BOUNDS.bytesMax)
  expect(outputs.files.size).toBeLessThanOrEqual(BOUNDS.filesMax)
  for (const path of outputs.files.keys()) expect(path).toMatch(/^out(\/|$)/)
  return outputs
}

describe('a folder that is left alone', () => {
  it('gives what the model says', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const root = mkdtempSync(join(base, 'tree-'))
        plant(Buffer.from(join(root, 'out')), nodes)
        const outcome = await collect(root)
        execFileSync('rm', ['-rf', root])
        const { entries, files } = model('out', nodes)
        const bytes = files.reduce((sum, [, size]) => sum + size, 0)
        const isTooMuch =
          entries > BOUNDS.entriesMax || files.length > BOUNDS.filesMax || bytes > BOUNDS.bytesMax
        expect(outcome instanceof MeshError ? outcome.code : undefined).toBe(
          isTooMuch ? 'TASK_OUTPUT_TOO_LARGE' : undefined
        )
        if (outcome instanceof MeshError) return
        expect([...outcome.files.keys()]).toEqual(files.map(([path]) => path).toSorted(byUnits))
        for (const [path, got] of outcome.files) {
          const planted = bytesAt(path.slice('out/'.length), nodes)
          expect(planted !== undefined && Buffer.from(got).equals(planted)).toBe(true)
        }
      }),
      { numRuns: 150 }
    )
  })
})

/** One thing that somebody does in the folder while it is collected. */
const change = fc.record({
  what: fc.constantFrom(
    'to link',
    'to outside',
    'to fifo',
    'to hard link',
    'grow',
    'shrink',
    'back'
  ),
  where: fc.constantFrom(
    'out',
    'out/in',
    'out/in/deep',
    'out/file',
    'out/in/file',
    'out/in/deep/file'
  )
})

describe('a folder in which somebody is still at work', () => {
  it('gives nothing from outside, and comes to an end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const root = mkdtempSync(join(base, 'moving-'))
        restore(root)
        let isOver = false
        const working = work(root, changes, () => isOver)
        const outcomes = [await collect(root), await collect(root), await collect(root)]
        isOver = true
        await working
        execFileSync('rm', ['-rf', root])
        expect(outcomes).not.toContain(undefined)
      }),
      { numRuns: 40 }
    )
  })
})

async function work(
  root: string,
  changes: readonly { what: string; where: string }[],
  isOver: () => boolean
): Promise<void> {
  for (let index = 0; !isOver(); index += 1) {
    const { what, where } = changes[index % changes.length] ?? { what: 'back', where: 'out' }
    try {
      alter(root, what, join(root, where))
    } catch {
      // What an earlier change has put there does not take this one.
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function alter(root: string, what: string, path: string): void {
  const aside = join(root, `aside-${Math.abs(path.length)}`)
  switch (what) {
    case 'grow':
    case 'shrink':
      // Nothing else: a FIFO would wait for a reader, and a link lead to the secret.
      if (lstatSync(path).isFile() && lstatSync(path).nlink === 1)
        truncateSync(path, what === 'grow' ? 3_000 : 0)
      return
    case 'back':
      return restore(root)
    default:
      execFileSync('rm', ['-rf', aside])
      renameSync(path, aside)
  }
  if (what === 'to link') symlinkSync(join(outside, 'secret'), path)
  if (what === 'to outside') symlinkSync(outside, path)
  if (what === 'to fifo') linkSync(join(base, 'fifo'), path)
  if (what === 'to hard link') linkSync(join(outside, 'secret'), path)
}

/** Names are those of the secret's folder as well: a way that leads there finds something. */
function restore(root: string): void {
  execFileSync('rm', ['-rf', join(root, 'out')])
  mkdirSync(join(root, 'out/in/deep'), { recursive: true })
  for (const folder of ['out', 'out/in', 'out/in/deep']) {
    for (const name of ['file', 'secret']) writeFileSync(join(root, folder, name), 'mine')
  }
}

function byUnits(left: string, right: string): number {
  return left < right ? -1 : 1
}
