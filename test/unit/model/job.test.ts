/** Job documents: what is refused and in which words, what is filled in, what each item gets. */
import { expect, test } from 'vitest'
import {
  checkJob,
  compileJob,
  encodeTask,
  itemCount,
  itemId,
  specOf,
  taskOfItem
} from '../../../src/model/job.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { nearestName, validatorFor } from '../../../src/model/validate.ts'
import type { MeshError } from '../../../src/core/errors.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const SCRIPT = { engine: 'javascript', source: 'function main () {}' } as const
const NOOP = { engine: 'builtin', name: 'noop' } as const
const JS = { engine: 'javascript', source: 'x' } as const
const WASM = { engine: 'wasm', module: 'base64:AA==' } as const

function refusal(value: unknown): string[] {
  try {
    compileJob(checkJob(value))
  } catch (cause) {
    const { code, hint = '', message, path = '' } = cause as MeshError
    return [code, path, message, hint]
  }
  return []
}

// One line for each kind of mistake: code, path, and words that must be in message and hint.
test.each<[unknown, string, string, string, string]>([
  [null, 'FIELD_INVALID', '', 'must be object', ''],
  [[], 'FIELD_INVALID', '', 'must be object', ''],
  ['noop', 'FIELD_INVALID', '', 'must be object', ''],
  [{}, 'FIELD_MISSING', 'task', 'task is missing', ''],
  [{ task: {} }, 'FIELD_MISSING', 'task.engine', 'task.engine is missing', 'builtin'],
  [
    { task: { engine: 'javscript' } },
    'FIELD_INVALID',
    'task.engine',
    'one of',
    'did you mean "javascript"?'
  ],
  [
    { task: { ...NOOP, name: 'nop' } },
    'FIELD_INVALID',
    'task.name',
    'one of noop',
    'did you mean "noop"?'
  ],
  [
    { task: { ...NOOP, arg: {} } },
    'FIELD_UNKNOWN',
    'task.arg',
    'not a field',
    'did you mean "args"?'
  ],
  [
    { task: NOOP, timeout: '1s' },
    'FIELD_UNKNOWN',
    'timeout',
    'not a field',
    'did you mean "timeouts"?'
  ],
  [{ task: NOOP, qqqqqqqq: 1 }, 'FIELD_UNKNOWN', 'qqqqqqqq', 'not a field', 'known fields'],
  [{ task: NOOP, priority: 101 }, 'FIELD_INVALID', 'priority', '<= 100', 'higher runs first'],
  [{ task: NOOP, priority: '5' }, 'FIELD_INVALID', 'priority', 'must be integer', ''],
  [{ task: NOOP, timeouts: { run: 30 } }, 'FIELD_INVALID', 'timeouts.run', 'must be string', '30s'],
  [
    { task: NOOP, timeouts: { run: '30' } },
    'FIELD_INVALID',
    'timeouts.run',
    'not a duration',
    '30s'
  ],
  [{ task: NOOP, timeouts: { run: '0s' } }, 'FIELD_INVALID', 'timeouts.run', 'above zero', ''],
  [
    { task: NOOP, resources: { memory: '1 gig' } },
    'FIELD_INVALID',
    'resources.memory',
    'not an amount',
    'MiB'
  ],
  [{ task: NOOP, resources: { memory: 0 } }, 'FIELD_INVALID', 'resources.memory', 'above zero', ''],
  [
    { task: SCRIPT, resources: { memory: '8MiB' } },
    'FIELD_INVALID',
    'resources.memory',
    'needs more memory',
    '16MiB'
  ],
  [
    {
      task: { engine: 'wasm', module: 'base64:AGFzbQEAAAA=' },
      resources: { disk: '2GiB' }
    },
    'FIELD_INVALID',
    'resources.disk',
    'so much disk',
    '1GiB'
  ],
  [
    { task: { ...SCRIPT, time: '2026-12-24' } },
    'FIELD_INVALID',
    'task.time',
    'no time zone',
    '2026-12-24T18:00:00Z'
  ],
  [{ task: { ...SCRIPT, seed: 1.5 } }, 'FIELD_INVALID', 'task.seed', 'integer', ''],
  [
    { task: { ...WASM, files: [{ path: '../a', text: '' }] } },
    'FIELD_INVALID',
    'task.files[0].path',
    'must not be "../a"',
    'in/data.txt'
  ],
  [
    { task: { ...WASM, env: { 'A=B': '' } } },
    'FIELD_INVALID',
    'task.env',
    'must not have "A=B"',
    'must match'
  ],
  [
    { task: { ...WASM, module: `base64:${'A'.repeat(LIMITS.taskBytesMax)}` } },
    'FIELD_INVALID',
    'task.module',
    'at most 1048576 are taken',
    ''
  ],
  [
    { task: NOOP, where: { require: ['zone'] } },
    'FIELD_INVALID',
    'where.require[0]',
    'not a condition',
    'k = v'
  ],
  [
    { task: NOOP, retry: { on: ['workers'] } },
    'FIELD_INVALID',
    'retry.on[0]',
    'one of',
    'did you mean "worker"?'
  ],
  [{ task: NOOP, each: [] }, 'FIELD_INVALID', 'each', 'fewer than 1', ''],
  [
    { task: NOOP, each: [{ id: 'a' }, { id: 'a' }] },
    'FIELD_INVALID',
    'each[1].id',
    'there twice',
    ''
  ],
  [{ task: NOOP, each: [{}, { id: '0' }] }, 'FIELD_INVALID', 'each[1].id', 'there twice', ''],
  [
    { task: NOOP, each: [{ input: 1 }] },
    'FIELD_INVALID',
    'each[0].input',
    'does not fit',
    '"args"'
  ],
  [{ task: JS, each: [{ args: {} }] }, 'FIELD_INVALID', 'each[0].args', 'does not fit', '"input"'],
  [{ task: NOOP, each: [{ args: ['a'] }] }, 'FIELD_INVALID', 'each[0].args', 'fit', 'an object'],
  [{ task: WASM, each: [{ args: {} }] }, 'FIELD_INVALID', 'each[0].args', 'does not fit', 'a list'],
  [
    { task: WASM, each: [{ input: 1 }] },
    'FIELD_INVALID',
    'each[0].input',
    'does not fit',
    '"args"'
  ],
  [{ task: { ...WASM, module: '@main.wasm' } }, 'FIELD_INVALID', 'task.module', '', '`@file`'],
  [{ task: { ...WASM, args: ['a\0'] } }, 'FIELD_INVALID', 'task.args[0]', '', ''],
  [{ task: { ...WASM, env: { 'A B': '' } } }, 'FIELD_INVALID', 'task.env', '', ''],
  [
    { task: { ...WASM, files: [{ path: '../x', text: '' }] } },
    'FIELD_INVALID',
    'task.files[0].path',
    '',
    'relative path'
  ],
  [{ task: { ...WASM, outputs: ['/x'] } }, 'FIELD_INVALID', 'task.outputs[0]', '', 'relative path'],
  [{ task: NOOP, each: [{ idd: 'a' }] }, 'FIELD_UNKNOWN', 'each[0].idd', 'not a field', '"id"'],
  [{ task: NOOP, on_disconnect: { wait: 'no' } }, 'FIELD_INVALID', 'on_disconnect.wait', '', ''],
  [{ task: NOOP, keep: { logs: '1' } }, 'FIELD_INVALID', 'keep.logs', 'not a duration', ''],
  [{ task: NOOP, ops: 'every', each: [{}] }, 'FIELD_INVALID', 'each', 'ops: every', 'leave'],
  [
    { task: NOOP, schedule: { cron: '@daily' }, needs: ['a'] },
    'FIELD_INVALID',
    'needs[0]',
    'schedule.cron',
    'met once'
  ],
  ...[NOOP, JS, WASM].flatMap((task): [unknown, string, string, string, string][] => [
    [
      { task, network: { mode: 'full' } },
      'FIELD_INVALID',
      'network.mode',
      `a task of engine ${task.engine} reaches no network`,
      'container, function, process'
    ],
    [
      { task, resources: { gpu: 1 } },
      'FIELD_INVALID',
      'resources.gpu',
      `a task of engine ${task.engine} can use no GPU`,
      'container, function, process'
    ]
  ]),
  [{ task: NOOP, schedule: {} }, 'FIELD_MISSING', 'schedule.at', 'missing', ''],
  [
    JSON.parse('{"task":{"engine":"builtin","name":"noop"},"__proto__":{}}'),
    'FIELD_UNKNOWN',
    '__proto__',
    'not a field',
    ''
  ]
])('%j is refused: %s at %j', (...mistake) => {
  const [value, code, path, message, hint] = mistake
  const [seenCode, seenPath, seenMessage, seenHint] = refusal(value)
  expect([seenCode, seenPath]).toEqual([code, path])
  expect(seenMessage).toContain(message)
  expect(seenHint).toContain(hint)
})

test('the smallest job gets the documented defaults', () => {
  expect(compileJob(checkJob({ task: NOOP }))).toEqual({
    priority: 50,
    engine: 'builtin',
    taskType: 'builtin:noop',
    isHedged: true,
    cache: 'off',
    hasInputs: false,
    hasOutputs: false,
    taskName: undefined,
    hasNetwork: false,
    resources: { cpuCores: 0, memoryBytes: 128 * 2 ** 20, diskBytes: 0, gpuCount: 0 },
    placement: {
      require: [],
      prefer: [],
      latencyMsMax: undefined,
      reputationMin: undefined,
      evidenceMin: undefined,
      only: [],
      never: []
    },
    route: { preset: undefined, weights: undefined, pickCount: 3 },
    timeouts: { queueMs: 600_000, runMs: 1_800_000, totalMs: 3_600_000, stopMs: 5_000 },
    retry: {
      attemptsMax: 3,
      backoff: { isExponential: true, delayMs: 1_000, delayMsMax: 60_000, jitterRatio: 0.5 },
      on: ['worker', 'network', 'router'],
      sameWorker: 'avoid',
      then: 'fail'
    },
    ops: 'once',
    schedule: undefined,
    onDisconnect: { waitMs: 30_000, then: 'reroute' },
    verify: {
      mode: 'none',
      share: 0.05,
      copies: 1,
      agree: 2,
      copiesMax: 5,
      compare: { kind: 'json' }
    },
    keep: { resultMs: 7 * 86_400_000, logsMs: 7 * 86_400_000 }
  })
})

test('what is written replaces the defaults, in the code’s units', () => {
  const plan = compileJob(
    checkJob({
      task: { engine: 'function', name: 'f' },
      priority: 0,
      network: { mode: 'full' },
      resources: { cpu: 2, memory: '1GB', disk: '1KiB', gpu: 1 },
      where: {
        require: ['zone = home'],
        prefer: [{ match: 'spot = no', weight: -5 }],
        max_latency_ms: 9
      },
      route: { pick: 'best', preset: 'cpu' },
      timeouts: { queue: '1m' },
      retry: {
        attempts: 5,
        backoff: { type: 'fixed', delay: '2s', jitter: 0 },
        on: ['job'],
        then: 'hold'
      },
      on_disconnect: { wait: '0s', then: 'hold' },
      keep: { result: '1d', logs: '1h' },
      ops: 'every'
    })
  )
  expect(plan).toMatchObject({
    priority: 0,
    hasNetwork: true,
    resources: { cpuCores: 2, memoryBytes: 1e9, diskBytes: 1_024, gpuCount: 1 },
    route: { preset: 'cpu', pickCount: 1 },
    timeouts: { queueMs: 60_000 },
    retry: { attemptsMax: 5, backoff: { isExponential: false, delayMs: 2_000 }, then: 'hold' },
    onDisconnect: { waitMs: 0, then: 'hold' },
    keep: { resultMs: 86_400_000, logsMs: 3_600_000 },
    ops: 'every'
  })
  expect(plan.placement.prefer).toMatchObject([{ weight: -5 }])
})

test('no network and no GPU may be said of any engine', () => {
  for (const task of [NOOP, JS, WASM]) {
    expect(refusal({ task, network: { mode: 'none' }, resources: { gpu: 0 } })).toEqual([])
  }
})

test('each item has its id and its own task', () => {
  const job = checkJob({
    task: { engine: 'builtin', name: 'echo', args: { a: 1 } },
    each: [{ id: 'x', args: { b: 2 } }, {}]
  })
  expect(itemCount(job)).toBe(2)
  expect([0, 1].map((index) => itemId(job.each?.[index], index))).toEqual(['x', '1'])
  expect(taskOfItem(job, 0)).toEqual({ engine: 'builtin', name: 'echo', args: { b: 2 } })
  expect(taskOfItem(job, 1)).toEqual(job.task)
  expect(itemCount(checkJob({ task: NOOP }))).toBe(1)
})

test('a spec is the document without bodies, names and ids, the same for the same wish', () => {
  const asked = { resources: { cpu: 1 }, priority: 7, keep: { logs: '1h' } }
  const own = { name: 'a', key: 'k', labels: { a: 'b' }, needs: ['x'], share: 's' }
  const spec = specOf(checkJob({ ...own, ...asked, task: JS, each: [{ input: 1 }] }))
  const type = expect.stringMatching(/^javascript:[0-9a-f]{12}$/)
  expect(spec).toEqual({ engine: 'javascript', type, each: true, ...asked })
  const turned = specOf(
    checkJob({ task: JS, keep: asked.keep, priority: 7, resources: { cpu: 1 }, each: [{}] })
  )
  expect(JSON.stringify(turned)).toBe(JSON.stringify(spec))
  expect(specOf(checkJob({ task: NOOP }))).toEqual({ engine: 'builtin', type: 'builtin:noop' })
})

test('keys of one’s own are left out, at the top only', () => {
  expect(checkJob({ task: NOOP, x_note: 'mine' })).toEqual({ task: NOOP })
  expect(refusal({ task: { ...NOOP, x_note: 1 } })[0]).toBe('FIELD_UNKNOWN')
})

function withLetters(letters: number): JobDocument {
  return checkJob({ task: NOOP, each: [{}, { args: { text: 'ä'.repeat(letters) } }] })
}

test('a task is measured in bytes, not letters', () => {
  const fits = LIMITS.taskBytesMax / 2 - 100
  expect(() => encodeTask(withLetters(fits), 1)).not.toThrow()
  expect(() => encodeTask(withLetters(fits + 100), 1)).toThrow(
    expect.objectContaining({ code: 'REQUEST_TOO_LARGE', path: 'each[1]' })
  )
})

test('an item of a program overrides what it may', () => {
  const task = { ...WASM, args: ['a'], env: { A: 'a' }, outputs: ['out'] }
  const item = { args: ['b'], stdin: 'x', files: [{ path: 'in', text: 'y' }] }
  const job = checkJob({ task, each: [{ id: 'one', ...item }, { env: {} }] })
  expect(taskOfItem(job, 0)).toEqual({ ...task, ...item })
  expect(taskOfItem(job, 1)).toEqual({ ...task, env: {} })
})

test('an item of a script may have files and a seed of its own', () => {
  const task = { ...SCRIPT, seed: 'all', time: '2026-12-24T18:00:00Z' }
  const item = { input: 1, seed: 7, files: [{ path: 'in', text: 'y' }] }
  const job = checkJob({ task, each: [item, {}] })
  expect(taskOfItem(job, 0)).toEqual({ ...task, ...item })
  expect(taskOfItem(job, 1)).toEqual(task)
})

test('a module that is too large for a task is told how to become smaller', () => {
  const module = `base64:${'A'.repeat(LIMITS.taskBytesMax - 20)}`
  const job = checkJob({ task: { ...WASM, module } })
  expect(() => encodeTask(job, 0)).toThrow(
    expect.objectContaining({
      code: 'REQUEST_TOO_LARGE',
      path: 'task',
      hint: expect.stringContaining('700 KiB') as string
    }) as Error
  )
})

test('the nearest name is one that could have been meant', () => {
  const known = ['timeouts', 'task', 'retry']
  expect(nearestName('TIMOUT', known)).toBe('timeouts')
  expect(nearestName('tsak', known)).toBe('task')
  expect(nearestName('zzzz', known)).toBeUndefined()
  expect(nearestName('', known)).toBeUndefined()
})

test('a name that is far too long is compared with none', () => {
  // Compared letter by letter it would take more memory than there is.
  expect(nearestName('x'.repeat(2 ** 28), ['timeouts', 'task', 'retry'])).toBeUndefined()
})

function manyFields(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`field-${index}`, 1]))
}

function codeOfJob(document: object): unknown {
  try {
    return checkJob(document)
  } catch (cause) {
    return (cause as MeshError).code
  }
}

test('a slip is looked for among as many fields as somebody writes by hand', () => {
  expect(codeOfJob({ ...manyFields(100), tsak: {} })).toBe('FIELD_UNKNOWN')
  expect(codeOfJob({ ...manyFields(10_000), tsak: {} })).toBe('FIELD_MISSING')
})

test('a validator is for a schema that exists, with paths from its root', () => {
  expect(() => validatorFor('no-such')({})).toThrow('there is no schema')
  const check = validatorFor('commands/find-nodes#/$defs/params', 'params')
  expect(() => check({ nonsense: 1 })).toThrow(expect.objectContaining({ path: 'params.nonsense' }))
  expect(() => check(7)).toThrow(expect.objectContaining({ path: 'params' }))
})

const SORT = { engine: 'process', argv: ['sort'] } as const
const IMAGE = { engine: 'container', image: `sha256:${'0'.repeat(64)}` } as const
const FILE = { path: 'a', text: 'x' }

test.each([
  [{ task: { ...SORT, argv: ['sort', 'a\0b'] } }, 'task.argv[1]', 'has a NUL'],
  [{ task: { ...WASM, args: ['a\0b'] } }, 'task.args[0]', 'must not be'],
  [{ task: SORT, each: [{}, { argv: ['sort', '\0'] }] }, 'each[1].argv[1]', 'has a NUL'],
  [{ task: { ...SORT, argv: ['sort', 'ü'.repeat(70_000)] } }, 'task.argv[1]', 'is too long'],
  [{ task: { ...SORT, env: { PATH: '/tmp' } } }, 'task.env.PATH', 'may not be set'],
  [{ task: { ...SORT, env: { LD_PRELOAD: 'x' } } }, 'task.env.LD_PRELOAD', 'may not be set'],
  [{ task: SORT, each: [{ env: { IFS: 'x' } }] }, 'each[0].env.IFS', 'may not be set'],
  [{ task: { ...WASM, env: { A: '\0' } } }, 'task.env.A', 'has a NUL'],
  [{ task: { ...IMAGE, env: { A: 'x\ny' } } }, 'task.env.A', 'has a line break'],
  [{ task: { ...SORT, stdin: 'base64:A' } }, 'task.stdin', 'is not base64'],
  [{ task: { ...JS, files: [{ path: 'a', base64: '?' }] } }, 'task.files[0].base64', 'not base64'],
  [{ task: { ...JS, files: [{ ...FILE, base64: '' }] } }, 'task.files[0]', 'both text and base64'],
  [{ task: { ...JS, files: [FILE, FILE] } }, 'task.files[1].path', 'repeats another'],
  [{ task: JS, each: [{ files: [FILE, { path: 'a/b' }] }] }, 'each[0].files', 'file and folder'],
  [{ task: { ...SORT, outputs: ['a\\b'] } }, 'task.outputs[0]', 'character'],
  [{ task: { ...WASM, files: [{ path: 'dev/x' }] } }, 'task.files[0].path', 'is in /dev']
])('what no worker would run is refused with the document: %j', (document, path, message) => {
  const [code, where, text] = refusal(document)
  expect([code, where]).toEqual(['FIELD_INVALID', path])
  expect(text).toContain(message)
})

test('what is forbidden to one engine may be another’s, and a reference is no text yet', () => {
  const env = { PATH: '/bin' }
  const result = { $job: 'a' }
  const files = [{ path: 'a', text: result }]
  const task = { ...SORT, argv: ['sort', result], env: { A: result }, files, stdin: result }
  expect(refusal({ task: { ...WASM, env } })).toEqual([])
  expect(refusal({ task: { ...IMAGE, env: { ...env, LD_PRELOAD: 'x' } } })).toEqual([])
  expect(refusal({ task, needs: ['a'] })).toEqual([])
})
