import { expect, test } from 'vitest'
import { checkJob, encodeTask } from '../../../src/model/job.ts'
import { taskSizes } from '../../../src/model/task-size.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const FILE = `mesh:sha256:${'a'.repeat(64)}`
const SCRIPT = { engine: 'javascript', source: 'function main () {}', input: { ä: '😀"\n' } }

function written(document: JobDocument): number[] {
  const count = document.each?.length ?? 1
  return Array.from({ length: count }, (_, index) => Buffer.byteLength(encodeTask(document, index)))
}

test.each([
  ['one task', { task: SCRIPT }],
  [
    'items with inputs and files of their own',
    {
      task: SCRIPT,
      inputs: [{ path: 'a', from: FILE }],
      each: [
        {},
        { id: 'x', input: null },
        { inputs: [] },
        { inputs: [{ path: 'ü', from: FILE }], seed: 7 }
      ]
    }
  ],
  [
    'outputs',
    { task: { ...SCRIPT }, each: [{}, { input: [1] }], outputs: [{ name: 'o', path: 'o' }] }
  ],
  [
    'a program',
    { task: { engine: 'wasm', module: FILE, args: ['ä'] }, each: [{ args: [] }, { stdin: '' }] }
  ]
])('tasks of %s are measured as they are written', (_name, job) => {
  const document = checkJob(job)
  expect([...taskSizes(document)]).toEqual(written(document))
})

test('what all items share is looked at once, however many they are', () => {
  let readCount = 0
  const input = {
    toJSON: () => {
      readCount += 1
      return 'x'
    }
  }
  const each = Array.from({ length: 1_000 }, () => ({}))
  const document = { task: { ...SCRIPT, input }, each } as unknown as JobDocument
  expect([...taskSizes(document)]).toHaveLength(1_000)
  expect(readCount).toBe(1)
})
