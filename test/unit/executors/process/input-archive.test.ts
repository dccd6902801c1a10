import * as fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { expect, it } from 'vitest'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { packFiles } from '../../../../src/executors/process/input-archive.ts'

function unpack(files: ReadonlyMap<string, Uint8Array>, use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-archive-'))
  try {
    execFileSync('tar', ['-xmf', '-', '-C', folder], { input: packFiles(files), stdio: 'pipe' })
    use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const names = fc
  .stringMatching(/^[A-Za-z0-9._ ü'$-]{1,80}$/)
  .filter((name) => !/^\.{1,2}$/.test(name))
const paths = fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

it('tar takes out what was put in', () => {
  const entries = fc.uniqueArray(fc.tuple(paths, fc.uint8Array({ maxLength: 1_500 })), {
    maxLength: 5,
    // Folders and files of one name are refused before they come here.
    selector: ([path]) => path.split('/')[0]
  })
  fc.assert(
    fc.property(entries, (list) => {
      const files = new Map(list)
      unpack(files, (folder) => {
        for (const [path, bytes] of files) {
          expect(readFileSync(join(folder, path)).equals(bytes)).toBe(true)
        }
      })
    }),
    { numRuns: 25 }
  )
})

it('keeps a long name whole, and files to their owner', () => {
  const path = `${'d'.repeat(150)}/${'f'.repeat(250)}`
  unpack(new Map([[path, Buffer.from('x')]]), (folder) => {
    expect(statSync(join(folder, path)).mode & 0o777).toBe(0o600)
  })
})

it('is made of whole records, or tar would wait for the rest', () => {
  for (const bytes of [0, 1, 511, 512, 8_192, 9_216, 10_240, 100_000]) {
    const archive = packFiles(new Map([['a', Buffer.alloc(bytes)]]))
    expect(archive.byteLength % 10_240).toBe(0)
  }
})
