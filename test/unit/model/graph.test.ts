/** Several jobs in one document, and what stands for what other jobs return. */
import { expect, test } from 'vitest'
import { checkGraph, withIds } from '../../../src/model/graph.ts'
import { checkJob, checkShape } from '../../../src/model/job.ts'
import { referencesOf, replaceReferences, resultIn } from '../../../src/model/job-references.ts'
import type { MeshError } from '../../../src/core/errors.ts'

const NOOP = { engine: 'builtin', name: 'noop' } as const
const JS = { engine: 'javascript', source: 'x' } as const

function refusal(work: () => unknown): Partial<MeshError> {
  try {
    work()
  } catch (cause) {
    const { code, hint = '', message, path = '' } = cause as MeshError
    return { code, hint, message, path }
  }
  return {}
}

function graphOf(needs: Record<string, string[]>): unknown {
  const jobs = Object.entries(needs).map(([name, list]) => [name, { task: NOOP, needs: list }])
  return { jobs: Object.fromEntries(jobs) as unknown }
}

test.each<[string, unknown, string, string, string]>([
  ['no jobs', {}, 'FIELD_MISSING', 'jobs', 'missing'],
  ['an empty graph', { jobs: {} }, 'FIELD_INVALID', 'jobs', 'fewer than 1'],
  ['a name like a path', { jobs: { 'a b': { task: NOOP } } }, 'FIELD_INVALID', 'jobs', ''],
  ['a job with a typo', { jobs: { a: { tsak: NOOP } } }, 'FIELD_UNKNOWN', 'jobs.a.tsak', ''],
  [
    'a wrong engine',
    { jobs: { a: { task: { engine: 'wasam' } } } },
    'FIELD_INVALID',
    'jobs.a.task.engine',
    'one of'
  ],
  [
    'a unit that does not parse',
    { jobs: { a: { task: NOOP, timeouts: { run: '1' } } } },
    'FIELD_INVALID',
    'jobs.a.timeouts.run',
    'job a: "1" is not a duration'
  ],
  [
    'an item twice',
    { jobs: { a: { task: NOOP, each: [{ id: 'x' }, { id: 'x' }] } } },
    'FIELD_INVALID',
    'jobs.a.each[1].id',
    'there twice'
  ],
  [
    'a key twice',
    { jobs: { a: { task: NOOP, key: 'k' }, b: { task: NOOP, key: 'k' } } },
    'FIELD_INVALID',
    'jobs.b.key',
    'has the key of job a'
  ],
  [
    'a need that never completes',
    {
      jobs: { a: { task: NOOP, schedule: { cron: '@daily' } }, b: { task: NOOP, needs: ['a'] } }
    },
    'FIELD_INVALID',
    'jobs.b.needs[0]',
    'never completes'
  ]
])('%s is refused', (...mistake) => {
  const [, graph, code, path, message] = mistake
  const error = refusal(() => checkGraph(graph))
  expect([error.code, error.path]).toEqual([code, path])
  expect(error.message).toContain(message)
})

test.each([
  [{ a: ['a'] }, 'a → a'],
  [{ a: ['b'], b: ['a'] }, 'a → b → a'],
  [{ start: ['b'], a: ['c'], b: ['a'], c: ['b'] }, 'b → a → c → b']
])('the circle in %j is named', (needs, circle) => {
  const error = refusal(() => checkGraph(graphOf(needs)))
  expect(error.code).toBe('NEEDS_CYCLE')
  expect(error.message).toContain(circle)
  expect(error.path).toBe(`jobs.${circle[0]}.needs`)
})

test('jobs stand behind what they need, else as they were written', () => {
  const sorted = checkGraph(
    graphOf({ d: ['c', 'b'], a: [], b: ['a'], c: ['a', 'j-elsewhere'], e: [] })
  )
  expect(sorted.map(({ name }) => name)).toEqual(['a', 'c', 'b', 'd', 'e'])
})

test('a long chain is no deep recursion', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`)
  const chain = names.map((name, index) => [name, names.slice(index + 1, index + 2)])
  const sorted = checkGraph(graphOf(Object.fromEntries(chain) as Record<string, string[]>))
  expect(sorted.map(({ name }) => name)).toEqual(names.toReversed())
})

test('a job without a name has that of the graph; extensions are left out everywhere', () => {
  const jobs = { a: { task: NOOP, x_note: 1 }, b: { name: 'own', task: NOOP } }
  const sorted = checkGraph({ x_note: 1, jobs })
  expect(sorted.map(({ document }) => document)).toEqual([
    { name: 'a', task: NOOP },
    { name: 'own', task: NOOP }
  ])
})

test('names of the graph become ids, in needs and in references; others stay', () => {
  const document = checkJob({
    task: { ...JS, input: { first: { $job: 'a', at: 'n' }, list: [{ $job: 'j-old' }] } },
    needs: ['a', 'j-old']
  })
  const bound = withIds(document, new Map([['a', 'j-1']]))
  expect(bound.needs).toEqual(['j-1', 'j-old'])
  expect(bound.task).toEqual({
    ...JS,
    input: { first: { $job: 'j-1', at: 'n' }, list: [{ $job: 'j-old' }] }
  })
})

test.each([
  [{ a: { $job: 'wrods' } }, 'task.input.a', 'did you mean "words"?'],
  [[1, { $job: 'nonsense-so-long' }], 'task.input[1]', 'add it to needs: words'],
  [{ $job: 'words', part: 1 }, 'task.input', 'nothing beside it'],
  [{ $job: 7 }, 'task.input', 'nothing beside it'],
  [{ $job: 'words', at: 7 }, 'task.input', 'nothing beside it but "at"'],
  [{ $job: 'words', at: 'a..b' }, 'task.input.at', 'files[0].text']
])('the reference in %j is refused', (input, path, hint) => {
  const error = refusal(() => checkJob({ task: { ...JS, input }, needs: ['words'] }))
  expect(error).toMatchObject({ code: 'FIELD_INVALID', path })
  expect(error.hint).toContain(hint)
})

test('references are found and replaced in the task and in every item', () => {
  const document = checkJob({
    task: { ...JS, input: { $job: 'a' } },
    each: [{ input: { deep: [{ $job: 'b' }] } }, {}, { input: 'plain' }],
    needs: ['a', 'b']
  })
  expect(referencesOf(document)).toEqual([
    { job: 'a', path: 'task.input' },
    { job: 'b', path: 'each[0].input.deep[0]' }
  ])
  const replaced = replaceReferences(document, ({ $job: job }) => `what ${job} said`)
  expect(replaced.task).toEqual({ ...JS, input: 'what a said' })
  expect(replaced.each).toEqual([{ input: { deep: ['what b said'] } }, {}, { input: 'plain' }])
})

const PROGRAMS = [
  {
    engine: 'process',
    argv: ['sort', { $job: 'a' }],
    env: { WORD: { $job: 'a' } },
    stdin: { $job: 'a' },
    files: [
      { path: 'x', text: 'own' },
      { path: 'y', text: { $job: 'b' } }
    ]
  },
  {
    engine: 'container',
    image: `sha256:${'0'.repeat(64)}`,
    argv: ['sort', { $job: 'a' }],
    env: { WORD: { $job: 'a' } },
    stdin: { $job: 'a' },
    files: [
      { path: 'x', text: 'own' },
      { path: 'y', text: { $job: 'b' } }
    ]
  },
  {
    engine: 'wasm',
    module: 'base64:AA==',
    args: ['sort', { $job: 'a' }],
    env: { WORD: { $job: 'a' } },
    stdin: { $job: 'a' },
    files: [
      { path: 'x', text: 'own' },
      { path: 'y', text: { $job: 'b' } }
    ]
  }
]

test.each(PROGRAMS)('references stand in every place of text of engine $engine', (task) => {
  const document = checkJob({ task, each: [{ stdin: { $job: 'b' } }], needs: ['a', 'b'] })
  const args = 'args' in task ? 'args' : 'argv'
  expect(referencesOf(document)).toEqual([
    ...(['[1]', '.env.WORD', '.stdin'] as const).map((path) => ({
      job: 'a',
      path: path === '[1]' ? `task.${args}[1]` : `task${path}`
    })),
    { job: 'b', path: 'task.files[1].text' },
    { job: 'b', path: 'each[0].stdin' }
  ])
  const replaced = replaceReferences(document, ({ $job: job }, place) => resultIn(place, { job }))
  expect(replaced.task).toMatchObject({
    [args]: ['sort', '{"job":"a"}'],
    env: { WORD: '{"job":"a"}' },
    stdin: '{"job":"a"}',
    files: [{ text: 'own' }, { text: '{"job":"b"}' }]
  })
  expect(replaced.each).toEqual([{ stdin: '{"job":"b"}' }])
  // As results are put in, the schema is asked once more.
  expect(checkShape(replaced)).toEqual(replaced)
  expect(refusal(() => checkJob({ task }))).toMatchObject({
    code: 'FIELD_INVALID',
    path: `task.${args}[1]`,
    hint: 'write "needs": ["a"] beside "task"'
  })
})

test('a result is put in as its place takes it', () => {
  expect(resultIn({ path: 'p', form: 'json' }, { a: 1 })).toEqual({ a: 1 })
  expect(resultIn({ path: 'p', form: 'text' }, { a: 1 })).toBe('{"a":1}')
  expect(resultIn({ path: 'p', form: 'text' }, 'as it is')).toBe('as it is')
  expect(resultIn({ path: 'p', form: 'text' }, null)).toBe('null')
  expect(resultIn({ path: 'p', form: 'text' }, 'base64:AAEC')).toBe('base64:AAEC')
  // Or it would come in as other bytes than those of the text.
  expect(resultIn({ path: 'p', form: 'stdin' }, 'base64:AAEC')).toBe('base64:YmFzZTY0OkFBRUM=')
  expect(resultIn({ path: 'p', form: 'stdin' }, ['x'])).toBe('["x"]')
})

test.each([
  [{ $job: 'a', more: 1 }, 'task.argv[1]', 'must be string'],
  [{ $job: 7 }, 'task.argv[1].$job', 'must be string'],
  [7, 'task.argv[1]', 'must be string']
])('%j is neither text nor a reference', (argument, path, words) => {
  const task = { engine: 'process', argv: ['sort', argument] }
  const error = refusal(() => checkJob({ task, needs: ['a'] }))
  expect(error).toMatchObject({ code: 'FIELD_INVALID', path })
  expect(error.message).toContain(words)
})

test('without needs such an object is like any other', () => {
  const document = checkJob({ task: { ...JS, input: { $job: 'a', more: 1 } } })
  expect(referencesOf(document)).toEqual([])
  expect(replaceReferences(document, () => 'x')).toBe(document)
})
