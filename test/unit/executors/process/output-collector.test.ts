import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { collectOutputs } from '../../../../src/executors/process/output-collector.ts'
import { encodeResult } from '../../../../src/executors/process/process-outcome.ts'

const BOUNDS = { bytesMax: 2_000, filesMax: 20 }

const base = mkdtempSync(join(tmpdir(), 'taskmesh-outputs-'))
afterAll(() => rmSync(base, { recursive: true }))

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
