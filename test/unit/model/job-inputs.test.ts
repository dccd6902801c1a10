/** The files of a job: what is refused, what it has to wait for, what a worker is sent. */
import { expect, test } from 'vitest'
import { checkGraph, withIds } from '../../../src/model/graph.ts'
import { checkJob, encodeTask, specOf } from '../../../src/model/job.ts'
import { filesOfItem, isResolvedInput, needsOf } from '../../../src/model/job-inputs.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { MeshError } from '../../../src/core/errors.ts'

const HEX = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const FILE = `sha256:${HEX}`
const MESH = `mesh:${FILE}`
const LINK = `taskmesh:?xt=urn:sha256:${HEX}&dn=a&peer=/ip4/10.0.0.7/tcp/1/p2p/12D3KooWA`
const RUN = { engine: 'process', argv: ['sort'] } as const
const BUILTIN = { engine: 'builtin', name: 'noop' } as const

function refusal(work: () => unknown): Partial<MeshError> {
  try {
    work()
  } catch (cause) {
    const { code, hint = '', message, path = '' } = cause as MeshError
    return { code, hint, message, path }
  }
  return {}
}

function sent(document: JobDocument, index = 0): unknown {
  return JSON.parse(encodeTask(document, index))
}

test.each<[string, object, string, string]>([
  [
    'two names',
    {
      outputs: [
        { name: 'o', path: 'a' },
        { name: 'o', path: 'b' }
      ]
    },
    'outputs[1].name',
    'there twice'
  ],
  ['a path out', { inputs: [{ path: '../a', from: MESH }] }, 'inputs[0].path', ''],
  [
    'one path twice',
    {
      inputs: [
        { path: 'a', from: MESH },
        { path: 'A', from: MESH }
      ]
    },
    'inputs[1].path',
    'cannot both be'
  ],
  [
    'one within another',
    {
      inputs: [
        { path: 'a/b', from: MESH },
        { path: 'a', from: MESH }
      ]
    },
    'inputs[1].path',
    'cannot both be'
  ],
  [
    'a file of the task',
    { task: { ...RUN, files: [{ path: 'a', text: '' }] }, inputs: [{ path: 'a', from: MESH }] },
    'inputs[0].path',
    'cannot both be'
  ],
  [
    'a file of one item',
    { each: [{ files: [{ path: 'a', text: '' }] }], inputs: [{ path: 'a', from: MESH }] },
    'inputs[0].path',
    'cannot both be'
  ],
  [
    'an unknown origin',
    { inputs: [{ path: 'a', from: 'ftp://x' }] },
    'inputs[0].from',
    'cannot be an input'
  ],
  [
    'one of an item',
    { each: [{}, { inputs: [{ path: 'a', from: 'b' }] }] },
    'each[1].inputs[0].from',
    'cannot be an input'
  ],
  [
    'an engine without a folder',
    { task: BUILTIN, inputs: [{ path: 'a', from: MESH }] },
    'inputs',
    'takes no inputs'
  ],
  [
    'an engine without outputs',
    { task: BUILTIN, outputs: [{ name: 'a', path: 'a' }] },
    'outputs',
    'leaves no outputs'
  ],
  [
    'a schedule',
    { schedule: { cron: '0 * * * *' }, inputs: [{ path: 'a', from: 'job:j/out' }] },
    'inputs[0].from',
    'schedule.cron'
  ],
  [
    'a program that is none',
    { task: { engine: 'javascript', source: 'mesh:sha256:12' } },
    'task.source',
    'names no file'
  ],
  [
    'too many jobs',
    {
      inputs: Array.from({ length: 65 }, (_, index) => ({
        path: `i${index}`,
        from: `job:j${index}/out`
      }))
    },
    'inputs',
    'more than 64'
  ]
])('refuses %s', (_what, more, path, message) => {
  const refused = refusal(() => checkJob({ task: RUN, ...more }))
  expect(refused).toMatchObject({ code: 'FIELD_INVALID', path })
  expect(refused.message).toContain(message)
})

test('a task without files is sent as it always was', () => {
  const job = checkJob({ task: BUILTIN })
  expect(sent(job)).toEqual(BUILTIN)
  expect(specOf(job)).toEqual({ engine: 'builtin', type: 'builtin:noop' })
  expect(filesOfItem(job, 0)).toEqual({ files: [], peers: [] })
})

test('a worker gets files by their ids, and each item its own inputs', () => {
  const inputs = [
    { path: 'a', from: LINK },
    { path: 'b', from: 'inline:x' }
  ]
  const outputs = [{ name: 'o', path: 'out' }]
  const each = [{}, { inputs: [{ path: 'c', from: MESH }] }, { inputs: [] }]
  const job = checkJob({ task: RUN, inputs, outputs, each })
  expect(sent(job)).toEqual({ task: RUN, inputs: [{ path: 'a', from: MESH }, inputs[1]], outputs })
  expect(sent(job, 1)).toEqual({ task: RUN, inputs: each[1]?.inputs, outputs })
  expect(sent(job, 2)).toEqual({ task: RUN, inputs: [], outputs })
  expect(filesOfItem(job, 0)).toEqual({
    files: [FILE],
    peers: ['/ip4/10.0.0.7/tcp/1/p2p/12D3KooWA']
  })
  expect(filesOfItem(job, 2).files).toEqual([])
  expect(specOf(job)).toMatchObject({ inputs: true, outputs: true })
})

test.each([
  [
    { engine: 'wasm', module: LINK },
    { engine: 'wasm', module: MESH }
  ],
  [
    { engine: 'javascript', source: LINK },
    { engine: 'javascript', source: MESH }
  ]
])('a program may be a file of the mesh: %j', (task, plain) => {
  const job = checkJob({ task })
  expect(sent(job)).toEqual(plain)
  expect(filesOfItem(job, 0).files).toEqual([FILE])
  expect(specOf(job).inputs).toBe(true)
})

test('what it takes of other jobs it needs, each once, with the field that says so', () => {
  const inputs = [
    { path: 'a', from: 'job:one/out' },
    { path: 'b', from: 'job:two/out' }
  ]
  const each = [{ inputs: [{ path: 'c', from: 'job:three/0/out' }] }, {}]
  const job = checkJob({ task: RUN, needs: ['two'], inputs, each })
  expect(needsOf(job)).toEqual([
    { job: 'two', path: 'needs[0]' },
    { job: 'one', path: 'inputs[0].from' },
    { job: 'three', path: 'each[0].inputs[0].from' }
  ])
})

const MAKER = { task: RUN, outputs: [{ name: 'out', path: 'o' }] }
const taking = (from: string): object => ({ task: RUN, inputs: [{ path: 'a', from }] })

test('in a graph a job stands behind those whose outputs it takes, and gets their ids for their names', () => {
  const jobs = checkGraph({ jobs: { b: taking('job:a/out'), a: MAKER, c: taking('job:j-x/out') } })
  expect(jobs.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  const ids = new Map([['a', 'j-1']])
  const bound = jobs.map(({ document }) => withIds(document, ids).inputs?.[0]?.from)
  expect(bound).toEqual([undefined, 'job:j-1/out', 'job:j-x/out'])
  expect(withIds(jobs[1]?.document as JobDocument, ids).needs).toBeUndefined()
})

test.each<[string, object, string, string]>([
  ['no such output', { a: MAKER, b: taking('job:a/other') }, 'it has out', 'jobs.b.inputs[0].from'],
  [
    'no outputs',
    { a: { task: RUN }, b: taking('job:a/out') },
    'name it in the outputs',
    'jobs.b.inputs[0].from'
  ],
  [
    'which item',
    { a: { ...MAKER, each: [{}] }, b: taking('job:a/out') },
    'job:a/<item>/out',
    'jobs.b.inputs[0].from'
  ],
  [
    'no such item',
    { a: { ...MAKER, each: [{ id: 'x' }] }, b: taking('job:a/y/out') },
    'job:a/<item>/out',
    'jobs.b.inputs[0].from'
  ],
  ['no items', { a: MAKER, b: taking('job:a/y/out') }, 'write job:a/out', 'jobs.b.inputs[0].from']
])('of a job of its graph it is known: %s', (_what, jobs, hint, path) => {
  const refused = refusal(() => checkGraph({ jobs }))
  expect(refused).toMatchObject({ code: 'FIELD_INVALID', path })
  expect(refused.hint).toContain(hint)
})

test('a circle of outputs is a circle of needs', () => {
  const jobs = {
    a: { ...MAKER, inputs: [{ path: 'a', from: 'job:b/out' }] },
    b: { ...MAKER, inputs: [{ path: 'a', from: 'job:a/out' }] }
  }
  expect(refusal(() => checkGraph({ jobs }))).toMatchObject({ code: 'NEEDS_CYCLE' })
})

test('an output of an item may be taken by its id', () => {
  const a = { ...MAKER, each: [{ id: 'x/1' }, {}] }
  const jobs = { a, b: taking('job:a/x/1/out'), c: taking('job:a/1/out') }
  expect(checkGraph({ jobs })).toHaveLength(3)
})

test.each([
  [{ path: 'a', from: MESH }, { path: 'a', from: 'job:j/o' }, true],
  [{ path: 'a', from: MESH }, { path: 'a', from: 'https://x/y', sha256: HEX }, true],
  [{ path: 'a', from: MESH }, { path: 'b', from: 'job:j/o' }, false],
  [{ path: 'a', from: MESH }, { path: 'a', from: `mesh:sha256:${HEX.replace('9', '8')}` }, false],
  [{ path: 'a', from: 'inline:x' }, { path: 'a', from: 'job:j/o' }, false],
  [null, { path: 'a', from: 'job:j/o' }, false]
])('%j may be what became of %j: %s', (before, now, isSame) => {
  expect(isResolvedInput(before, now)).toBe(isSame)
})
