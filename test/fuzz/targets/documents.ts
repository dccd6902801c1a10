/** What people, programs and disks hand in: jobs, graphs, records of decisions, scenarios, settings, manifests of files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJson } from '../../../src/core/json.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { ROLES } from '../../../src/config/options.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { OfferReader } from '../../../src/discovery/offer-reader.ts'
import { FileCatalogue } from '../../../src/discovery/file-catalogue.ts'
import { readEntries } from '../../../src/execution/leases/journal-entries.ts'
import { readTask } from '../../../src/execution/task-request.ts'
import { readHostMessage } from '../../../src/executors/sandbox/messages.ts'
import { readFolder, writeFolder } from '../../../src/files/content/folder-manifest.ts'
import { manifestOf, writeManifest } from '../../../src/files/content/manifest.ts'
import { readManifest } from '../../../src/files/content/manifest-reading.ts'
import { checkGraph, withIds } from '../../../src/model/graph.ts'
import { checkJob, compileJob, encodeTask, itemCount } from '../../../src/model/job.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { readLedger } from '../../../src/reputation/ledger-document.ts'
import { recount } from '../../../src/reputation/recount.ts'
import { replayDecision } from '../../../src/selection/replay.ts'
import { readScenario } from '../../../src/simulation/routing/scenario-document.ts'
import { COMMANDS } from '../../../src/protocol/commands.ts'
import { COMMAND_EXAMPLES } from '../../support/command-examples.ts'
import {
  JSON_REFUSALS,
  SCHEMA_REFUSALS,
  bytesOf,
  exampleBytes,
  examplesOf,
  expectPlain,
  textOf,
  utf8
} from '../target.ts'
import type { DecisionRecord } from '../../../src/model/generated/decision.ts'
import type { FuzzTarget } from '../target.ts'
import type { Json } from '../../../src/core/json.ts'
import type { Role } from '../../../src/config/options.ts'

const DOCUMENT_REFUSALS = [...JSON_REFUSALS, ...SCHEMA_REFUSALS] as const

/** A target that takes JSON, which is read as every JSON of a stranger is. */
function ofJson(
  name: string,
  schema: string,
  read: (value: Json) => unknown,
  refusals: FuzzTarget['refusals'] = DOCUMENT_REFUSALS
): FuzzTarget {
  return {
    name,
    form: 'json',
    seeds: () => exampleBytes(schema),
    read: (input) => read(parseJson(textOf(input))),
    refusals
  }
}

const json = ofJson('json', 'job', (value) => {
  expectPlain(value)
  if (JSON.stringify(JSON.parse(JSON.stringify(value))) !== JSON.stringify(value)) {
    throw new Error('what was read is not what is written')
  }
})

const job = ofJson('job', 'job', (value) => {
  const document = checkJob(value)
  compileJob(document)
  for (let index = 0; index < Math.min(3, itemCount(document)); index += 1) {
    parseJson(encodeTask(document, index))
  }
})

const graph = ofJson(
  'job-graph',
  'job-graph',
  (value) => {
    const jobs = checkGraph(value)
    const ids = new Map(jobs.map(({ name }, index) => [name, `j-${index}`]))
    for (const { document } of jobs) withIds(document, ids)
  },
  [...DOCUMENT_REFUSALS, 'NEEDS_CYCLE']
)

/** What EXECUTE_TASK brings to a worker, with a router's assignment and without. */
const task: FuzzTarget = {
  name: 'task-request',
  form: 'json',
  seeds: () =>
    COMMAND_EXAMPLES.filter(({ command }) => command === 'EXECUTE_TASK').map(({ params }) =>
      bytesOf(params)
    ),
  read: (input) => {
    const text = textOf(input)
    const params = COMMANDS.EXECUTE_TASK.checkParams(parseJson(text))
    readTask(params, { bytes: text.length, nowMs: 1_767_225_600_000, taskMemoryBytes: 2 ** 26 })
  },
  refusals: DOCUMENT_REFUSALS
}

const checkDecision = validatorFor<DecisionRecord>('decision')
const decision = ofJson('decision', 'decision', (value) => {
  const record = checkDecision(value)
  replayDecision(record)
  replayDecision(record, { policy: 'random' })
  replayDecision(record, { policy: 'least-in-flight' })
  replayDecision(record, { weights: { latency: 1 }, pickCount: 2 })
})

const scenario = ofJson('route-scenario', 'route-scenario', readScenario)

const ledger = ofJson('ledger', 'evidence-checkpoint', (value) => readLedger(value, 1_000), [
  ...JSON_REFUSALS,
  'STORE_FAILED'
])

const sandboxMessage: FuzzTarget = {
  name: 'sandbox-message',
  form: 'json',
  seeds: () =>
    [
      { type: 'ready' },
      { type: 'log', entries: [{ ms: 1, stream: 'out', text: 'hello' }], droppedBytes: 0 },
      { type: 'progress', progress: { ratio: 0.5, text: 'half' } },
      { type: 'done', output: '[1]', wallMs: 1, cpuMs: 1, peakMemoryBytes: 4_096, isSpent: false },
      {
        type: 'done',
        output: 'null',
        produced: [{ output: 0, path: 'a', bytes: 2 }],
        wallMs: 1,
        cpuMs: 1,
        peakMemoryBytes: 0
      },
      {
        type: 'done',
        fault: { code: 'TASK_FAILED', message: 'no', exitCode: 3 },
        wallMs: 1,
        cpuMs: 1,
        peakMemoryBytes: 1
      }
    ].map(bytesOf),
  read: (input) => expectPlain(readHostMessage(attempted(input))),
  refusals: []
}

function attempted(input: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(input).toString())
  } catch {
    return undefined
  }
}

const HELLO_MANIFEST = manifestOf(utf8('hello'))
const manifest: FuzzTarget = {
  ...ofJson('file-manifest', 'file-manifest', (value) => {
    const again = writeManifest(readManifest(value))
    if (again.id !== (value as { id?: unknown }).id) throw new Error('it became another file')
  }),
  seeds: () => [
    bytesOf(writeManifest(HELLO_MANIFEST)),
    bytesOf(writeManifest(manifestOf(new Uint8Array(600_000)))),
    bytesOf(writeManifest(manifestOf(new Uint8Array())))
  ]
}

const folder: FuzzTarget = {
  name: 'folder-manifest',
  form: 'json',
  seeds: () => {
    const { id } = HELLO_MANIFEST
    const entries = ['a.txt', 'b/c.txt', 'b/d.txt', 'ü/ß.txt'].map((path) => ({
      path,
      size: 5,
      id
    }))
    return [writeFolder(entries), writeFolder([])]
  },
  read: (input) => {
    for (const { path } of readFolder(input)) {
      if (path.split('/').includes('..')) throw new Error(`${path} leads out of the folder`)
    }
  },
  refusals: DOCUMENT_REFUSALS
}

const checkList = COMMANDS.LIST_FILES.checkResult
const offers = ofJson(
  'offers',
  'file-manifest',
  (value) => {
    const catalogue = new FileCatalogue()
    const reader = new OfferReader(catalogue, 'peer')
    const pages = Array.isArray(value) ? value : [value]
    for (const page of pages.slice(0, 8)) reader.take(checkList(page))
    if (catalogue.filesOf('peer').size > LIMITS.offersPerPeerMax)
      throw new Error('too much is kept')
  },
  [...DOCUMENT_REFUSALS, 'RESPONSE_INVALID']
)
const offerTarget: FuzzTarget = {
  ...offers,
  seeds: () => {
    const results = COMMAND_EXAMPLES.filter(({ command }) => command === 'LIST_FILES').map(
      ({ result }) => result
    )
    return [...results.map(bytesOf), bytesOf(results)]
  }
}

/** Lines of a worker's journal: a damaged one is left out, and none is refused. */
const journal: FuzzTarget = {
  name: 'task-journal',
  form: 'lines',
  seeds: () => {
    const entry = { at_ms: 1, event: 'began', lease_id: 'l-1', router: 'r', job_id: 'j-1', item: 0 }
    const lines = [
      { ...entry, attempt: 1 },
      { ...entry, attempt: 1, event: 'ended', state: 'completed', pid: 7 }
    ]
    return [utf8(lines.map((line) => JSON.stringify(line)).join('\n'))]
  },
  read: (input) => void readEntries(Buffer.from(input).toString()),
  refusals: []
}

/** An export of reputation, line by line, of which no receipt and no seal is believed. */
const exported: FuzzTarget = {
  name: 'reputation-export',
  form: 'lines',
  seeds: () => {
    const [header] = examplesOf('reputation-export')
    const lines = [
      header,
      examplesOf('evidence-checkpoint')[0],
      ...examplesOf('evidence-entry'),
      { scores: [] },
      { seal: 'AAAA' }
    ]
    return [utf8(lines.map((line) => JSON.stringify(line)).join('\n'))]
  },
  read: async (input) => {
    async function* lines(): AsyncGenerator<string> {
      yield* Buffer.from(input).toString().split('\n')
    }
    await recount(lines(), {
      checkReceipt: async (_entry, router) => router,
      openSeal: () => Promise.reject(new Error('nobody signs here'))
    })
  },
  refusals: [...SCHEMA_REFUSALS, 'STORE_FAILED']
}

/** `{role, file, env}`: a config file on the disk and variables beside it. */
const folderOfConfigs = mkdtempSync(join(tmpdir(), 'taskmesh-fuzz-'))
process.once('exit', () => rmSync(folderOfConfigs, { recursive: true, force: true }))
const config: FuzzTarget = {
  name: 'config',
  form: 'json',
  seeds: () => [
    ...ROLES.flatMap((role) =>
      examplesOf(`config/${role}`).map((file) => bytesOf({ role, file, env: {} }))
    ),
    bytesOf({
      role: 'worker',
      file: {},
      env: { TASKMESH_SLOTS: '2', TASKMESH_LABEL: 'a=b', TASKMESH_LISTEN: '/ip4/127.0.0.1/tcp/0' }
    }),
    bytesOf({ role: 'router', file: {}, env: { TASKMESH_HTTP: '[::1]:0', TASKMESH_SYNC: 'full' } })
  ],
  read: (input) => {
    const { env, file, role } = partsOf(attempted(input))
    const path = join(folderOfConfigs, 'config.json')
    writeFileSync(path, JSON.stringify(file) ?? '')
    const texts = Object.entries(env).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text]] : []
    )
    loadSettings(role, { flags: { config: [path] }, env: Object.fromEntries(texts) })
  },
  refusals: [...SCHEMA_REFUSALS, 'CONFIG_INVALID']
}

function partsOf(value: unknown): { role: Role; file: unknown; env: object } {
  const { env, file, role } = (value ?? {}) as { role?: Role; file?: unknown; env?: object }
  return {
    role: ROLES.find((known) => known === role) ?? 'worker',
    file,
    env: typeof env === 'object' && env !== null ? env : {}
  }
}

export const DOCUMENT_TARGETS: readonly FuzzTarget[] = [
  json,
  job,
  graph,
  task,
  decision,
  scenario,
  ledger,
  sandboxMessage,
  manifest,
  folder,
  offerTarget,
  journal,
  exported,
  config
]
