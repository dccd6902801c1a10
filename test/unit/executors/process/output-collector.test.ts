import * as fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { collectOutputs } from '../../../../src/executors/process/output-collector.ts'
import { encodeResult } from '../../../../src/executors/process/process-outcome.ts'
import type { MeshError } from '../../../../src/core/errors.ts'

const BOUNDS = { bytesMax: 2_000, filesMax: 20 }
const NO_FILES: ReadonlyMap<string, Uint8Array> = new Map()
const SECRET = 'a secret beside the folder'

const base = mkdtempSync(join(tmpdir(), 'taskmesh-outputs-'))
const secretFile = join(base, 'secret')
writeFileSync(secretFile, SECRET)
afterAll(() => rmSync(base, { recursive: true }))

type Node =
  | { kind: 'file'; bytes: Uint8Array }
  | { kind: 'hole'; size: number }
  | { kind: 'link' | 'hard' | 'fifo' }
  | { kind: 'folder'; nodes: [string, Node][] }

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((text) => isName(text))
)
const tree = fc.letrec<{ node: Node; nodes: [string, Node][] }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('file' as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
    fc.record({ kind: fc.constant('hole' as const), size: fc.nat({ max: 1_000_000_000 }) }),
    fc.record({ kind: fc.constantFrom('link' as const, 'hard' as const, 'fifo' as const) }),
    fc.record({ kind: fc.constant('folder' as const), nodes: tie('nodes') })
  ),
  nodes: fc.uniqueArray(fc.tuple(name, tie('node')), { maxLength: 6, selector: ([text]) => text })
})).nodes

function isName(text: string): boolean {
  return !/[/\0]/.test(text) && !['.', '..'].includes(text) && Buffer.byteLength(text) < 200
}

/** Writes the tree, and gives back the plain files in it by path. */
function plant(
  folder: string,
  nodes: readonly [string, Node][],
  path: string
): [string, Uint8Array][] {
  mkdirSync(folder, { recursive: true })
  return nodes.flatMap(([text, node]) => {
    const file = join(folder, text)
    const inner = `${path}/${text}`
    switch (node.kind) {
      case 'file':
        writeFileSync(file, node.bytes, { mode: 0o4777 })
        return [[inner, node.bytes] as [string, Uint8Array]]
      case 'hole':
        writeFileSync(file, '')
        truncateSync(file, node.size)
        return []
      case 'link':
        symlinkSync(text.length % 2 === 0 ? secretFile : base, file)
        return []
      case 'hard':
        linkSync(secretFile, file)
        return []
      case 'fifo':
        execFileSync('mkfifo', ['--', file])
        return []
      case 'folder':
        return plant(file, node.nodes, inner)
    }
  })
}

describe('any tree', () => {
  it('gives plain files or a typed error: nothing from outside, nothing beyond the bounds, no wait', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const root = mkdtempSync(join(base, 'tree-'))
        const planted = new Map(plant(join(root, 'out'), nodes, 'out'))
        const { code, files } = await collectOutputs(root, ['out'], BOUNDS).then(
          (outputs) => ({ code: undefined, files: outputs.files }),
          (cause: unknown) => ({ code: (cause as MeshError).code, files: NO_FILES })
        )
        rmSync(root, { recursive: true })
        const all = Buffer.concat([...files.values()])
        expect([undefined, 'TASK_OUTPUT_TOO_LARGE']).toContain(code)
        expect(all.includes(SECRET)).toBe(false)
        expect(all.length).toBeLessThanOrEqual(BOUNDS.bytesMax)
        expect(files.size).toBeLessThanOrEqual(BOUNDS.filesMax)
        for (const [path, bytes] of files) {
          // What was not planted as a file is a hole, and that is all zeros.
          const original = planted.get(path) ?? Buffer.alloc(bytes.byteLength)
          expect(Buffer.from(bytes).equals(original)).toBe(true)
        }
      }),
      { numRuns: 60 }
    )
  })
})

describe('a named output', () => {
  const root = mkdtempSync(join(base, 'named-'))
  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  write('in/deep/file', 'deep')
  write('in/second', 'second')
  symlinkSync('in', join(root, 'way'))

  it('may be a file or a folder, and comes once', async () => {
    const { files } = await collectOutputs(root, ['in/deep/file', 'in'], BOUNDS)
    expect([...files.keys()]).toEqual(['in/deep/file', 'in/second'])
  })
  it('is not looked for behind a link', async () => {
    const { files, skipped } = await collectOutputs(root, ['way/second'], BOUNDS)
    expect(files.size).toBe(0)
    expect(skipped).toEqual([{ path: 'way/second', reason: 'link' }])
  })
  it('must be there', async () => {
    await expect(collectOutputs(root, ['none/at/all'], BOUNDS)).rejects.toMatchObject({
      code: 'TASK_FAILED',
      blame: 'job'
    })
  })
  it('may be as long as the bound, and no longer', async () => {
    write('long', 'x'.repeat(2_000))
    await expect(collectOutputs(root, ['long'], BOUNDS)).resolves.toBeDefined()
    write('long', 'x'.repeat(2_001))
    await expect(collectOutputs(root, ['long'], BOUNDS)).rejects.toMatchObject({
      code: 'TASK_OUTPUT_TOO_LARGE'
    })
  })
})

it('a result that grows beyond the bound when it is written as text is refused', () => {
  // Each quote takes two bytes in JSON.
  expect(() => encodeResult(Buffer.alloc(3_000_000, '"'))).toThrow('longer than')
  expect(JSON.parse(encodeResult(Buffer.from([255])))).toEqual({
    exit_code: 0,
    stdout_base64: '/w=='
  })
})
