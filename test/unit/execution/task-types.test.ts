/** What EXECUTE_TASK wants done by its type, as the job that it becomes. */
import { expect, test } from 'vitest'
import { checkJob } from '../../../src/model/job.ts'
import { codeOf } from '../../support/open-library.ts'
import { jobOf } from '../../../src/execution/task-types.ts'

const NOW_MS = Date.UTC(2026, 0)
const FILE = `sha256:${'5f'.repeat(32)}`
const TOMORROW = '2026-01-02T00:00:00.000Z'

test('a job, or its task alone, is what it is, whatever the type', () => {
  const task = { engine: 'builtin', name: 'noop' }
  expect(jobOf({ task_data: task }, NOW_MS)).toEqual({ task })
  expect(jobOf({ task_data: { task, each: [] }, task_type: 'compute' }, NOW_MS)).toEqual({
    task,
    each: []
  })
  expect(jobOf({ task_data: task, task_type: 'storage' }, NOW_MS)).toEqual({ task })
})

test('a file that is to be kept is a task of engine storage, its moment written out', () => {
  const task = { engine: 'storage', file: `mesh:${FILE}`, copies: 3, until: TOMORROW }
  const asked = [
    { file_hash: FILE, copies: 3, until: '1d' },
    { file_hash: '5f'.repeat(32), copies: 3, until: '2026-01-02T01:00:00+01:00' },
    { file: `mesh:${FILE}`, copies: 3, until: '24h' }
  ]
  for (const task_data of asked) {
    const job = jobOf({ task_data, task_type: 'storage' }, NOW_MS)
    expect(job).toEqual({ task })
    expect(checkJob(job)).toEqual({ task })
  }
})

test('a file that is to be shared is kept by one worker for a day', () => {
  const job = jobOf({ task_data: { file_hash: FILE }, task_type: 'file_share' }, NOW_MS)
  expect(job).toEqual({
    task: { engine: 'storage', file: `mesh:${FILE}`, copies: 1, until: TOMORROW }
  })
})

test('what is missing or wrong is refused with its place', async () => {
  expect(await codeOf(read({ file_hash: FILE }))).toBe('FIELD_MISSING')
  expect(await codeOf(read({ until: '1d' }))).toBe('FIELD_MISSING')
  await expect(read({ file_hash: 'x', until: '1d' })).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    path: 'params.task_data.file_hash'
  })
  await expect(read({ file_hash: FILE, until: 'soon' })).rejects.toMatchObject({
    path: 'params.task_data.until'
  })
  await expect(read({ file_hash: FILE, until: '1d', size: 3 })).rejects.toMatchObject({
    path: 'task.size'
  })
})

async function read(task_data: object): Promise<unknown> {
  return checkJob(jobOf({ task_data: task_data as never, task_type: 'storage' }, NOW_MS))
}
