import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolder } from '../../../../src/executors/container/container-folder.ts'

const MIB = 2 ** 20

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'taskmesh-folder-test-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

describe('the folder of a task', () => {
  const init = {
    uid: process.getuid?.() ?? 0,
    env: { A: '1' },
    inputs: [],
    diskBytesMax: MIB
  }

  it('has its input files, and beside it what the task can’t reach', async () => {
    const files = new Map([['in/a', Buffer.from('text')]])
    const folder = await openFolder({ ...init, path: join(root, 'task'), files })
    expect(readFileSync(join(folder.work, 'in/a'), 'utf8')).toBe('text')
    expect(readFileSync(folder.envFile, 'utf8')).toBe('A=1\n')
    expect(folder.envFile.startsWith(folder.work)).toBe(false)
    await folder.close()
    expect(existsSync(join(root, 'task'))).toBe(false)
  })

  it('is not made where the worker’s disk has no room, by no fault of the job', async () => {
    const path = join(root, 'task')
    const opened = openFolder({ ...init, path, files: new Map(), diskBytesMax: 2 ** 60 })
    await expect(opened).rejects.toMatchObject({
      code: 'RESOURCES_UNAVAILABLE',
      blame: 'worker',
      message: expect.stringContaining('of the 1048576TiB that the task may fill') as string
    })
    expect(existsSync(path)).toBe(false)
  })
})
