/** A worker whose disk takes no more: it begins nothing that it could not account for. */
import { expect, test, vi } from 'vitest'
import { buildTaskServer, codeOf, leaseId } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'
import type * as fs from 'node:fs'

const disk = vi.hoisted(() => ({ roomBytes: Infinity }))

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>()
  return {
    ...real,
    /** Takes what there is room for, as the system does, and then fails. */
    writeSync(handle: number, data: string | Uint8Array, offset = 0): number {
      const bytes = Buffer.from(data as string).subarray(offset)
      if (disk.roomBytes <= 0) throw new Error('ENOSPC: no space left on device, write')
      const taken = bytes.subarray(0, Math.min(bytes.length, disk.roomBytes))
      disk.roomBytes -= taken.length
      return real.writeSync(handle, taken)
    }
  }
})

test('fault 18: disk full on the worker: nothing begins, all is handed back, and it goes on when there is room', async () => {
  const { executor, journal, lease, lines } = await buildTaskServer({ slots: 2 })
  const first = lease(1)
  await settle()
  // A part of the next line still fits.
  disk.roomBytes = 10
  const [second, third] = await Promise.all([lease(2), lease(3)])
  for (const answer of [second, third]) {
    expect(answer.error).toMatchObject({ code: 'RESOURCES_UNAVAILABLE', blame: 'router' })
    expect(answer.error?.message).toContain('ENOSPC')
    expect(answer.result).not.toHaveProperty('usage')
  }
  expect(executor.startedCount).toBe(1)
  expect(lines.map(({ msg }) => msg)).toEqual(['journal not written: no task can begin'])
  // What ends meanwhile is answered all the same.
  executor.running[0]?.end({ output: '1' })
  expect((await first).bulk).toBe('1')
  await settle()
  disk.roomBytes = Infinity
  const again = lease(2)
  await settle()
  executor.running[0]?.end({ output: '2' })
  expect((await again).bulk).toBe('2')
  await settle()
  expect(journal()).toEqual([
    `began ${leaseId(1)}`,
    `began ${leaseId(2)}`,
    `ended ${leaseId(2)} completed`
  ])
  expect(codeOf(await first)).toBeUndefined()
})
