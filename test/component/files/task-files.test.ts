/** Files of tasks on a real disk: inputs that lie ready and stay as they are, outputs that hold what a stranger has left. */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { FileKeeperService } from '../../../src/files/service/file-keeper.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { Staging } from '../../../src/files/service/staging.ts'
import { TaskFileService } from '../../../src/files/service/task-files.ts'
import {
  beginPart,
  codeOf,
  openLibrary,
  someBytes,
  useFolders
} from '../../support/open-library.ts'
import { readFolder, writeFolder } from '../../../src/files/content/folder-manifest.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { FetchInit } from '../../../src/files/service/file-service.ts'
import type { FileEntry } from '../../../src/files/store/file-index.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { InputsWanted, PublishOptions } from '../../../src/files/service/task-files.ts'
import type { TaskInput } from '../../../src/executors/executor.ts'

const newFolder = useFolders()
const KIB = 1_024
const MIB = 1_024 * KIB
const WISH = { name: 'model', path: 'out/model' }
const NOTHING: InputsWanted = {
  inputs: [],
  program: undefined,
  sources: [],
  diskBytesMax: undefined
}

interface Bench {
  library: FileLibrary
  /** Another node's, which has what is fetched. */
  other: FileLibrary
  files: TaskFileService
  keeper: FileKeeperService
  staging: Staging
  folder: string
  /** Peers that were named for what was fetched. */
  asked: string[]
}

async function openBench(init: { budgetBytes?: number; clock?: Clock } = {}): Promise<Bench> {
  const folder = newFolder()
  const { clock = systemClock } = init
  const library = await openLibrary(join(folder, 'files'), init)
  const other = await openLibrary(newFolder())
  const staging = new Staging({ library }, { folder: join(folder, 'inputs') })
  await staging.start()
  onTestFinished(() => staging.stop())
  const asked: string[] = []
  const running = new Map<string, Promise<FileEntry>>()
  const service = {
    library,
    download: () => undefined,
    fetch: async (id: string, { peers = [] }: FetchInit = {}): Promise<FileEntry> => {
      asked.push(...peers)
      const fetching = running.get(id) ?? copyOver(other, library, id)
      running.set(id, fetching)
      return await fetching.finally(() => running.delete(id))
    }
  }
  const files = new TaskFileService({ clock, service, staging, learnAddresses })
  const keeper = new FileKeeperService({ clock, service, learnAddresses })
  return { library, other, files, keeper, staging, folder, asked }
}

async function copyOver(from: FileLibrary, to: FileLibrary, id: string): Promise<FileEntry> {
  const entry = from.get(id)
  if (entry === undefined) throw new MeshError('FILE_UNAVAILABLE', `nobody has ${id}`)
  const manifest = from.manifest(id) as FileManifest
  const part = await beginPart(to, manifest, entry.name)
  for (let index = 0; index < manifest.plan.count; index += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await part.write(index, await from.readPiece(id, index))
  }
  await part.finish()
  return to.get(id) as FileEntry
}

const learnAddresses = async (): Promise<void> => {}

function meshInputs(files: Readonly<Record<string, string>>): InputsWanted {
  const inputs = Object.entries(files).map(([path, id]) => ({ path, from: `mesh:${id}` }))
  return { ...NOTHING, inputs }
}

const UNTIL_LATER = { keptFor: 'j-other', untilMs: Date.UTC(2100, 0) }

function wanting(more: Partial<PublishOptions> = {}): PublishOptions & { skipped: string[] } {
  const skipped: string[] = []
  const keep = { keptFor: 'j-1', untilMs: Date.UTC(2100, 0) }
  return { keep, skipped, onSkipped: (text) => void skipped.push(text), ...more }
}

const onDisk = (path: string) => ({ kind: 'disk', path }) as const
const modeOf = (path: string): number => statSync(path).mode & 0o777
const first = ({ inputs }: { inputs: readonly TaskInput[] }): TaskInput => inputs[0] as TaskInput

async function textOf(library: FileLibrary, id: string): Promise<string> {
  return Buffer.from(await library.readPiece(id, 0)).toString()
}

test('files, folders and texts lie ready for reading, and go when they are let go of', async () => {
  const { asked, files, folder, library, other } = await openBench()
  const shared = newFolder()
  mkdirSync(join(shared, 'sub'))
  writeFileSync(join(shared, 'a'), 'A')
  writeFileSync(join(shared, 'sub/b'), 'BB')
  const { id: folderId } = await other.addFolder(shared)
  const { id: fileId } = await other.addBytes(someBytes(3 * MIB), 'data.bin')
  const { id: programId } = await library.addBytes(Buffer.from('program'), 'program.wasm')
  const ready = await files.fetch(
    {
      ...NOTHING,
      inputs: [
        { path: 'in/data', from: `mesh:${fileId}` },
        { path: 'in/folder', from: `mesh:${folderId}` },
        { path: 'note', from: 'inline:remember' }
      ],
      program: { file: programId, peers: ['/ip4/127.0.0.1/tcp/1/p2p/linked'] },
      sources: [{ peer_id: 'named' }]
    },
    {}
  )
  const [data, tree, note] = ready.inputs
  expect(ready.inputs.map(({ kind, path, sizeBytes }) => [path, kind, sizeBytes])).toEqual([
    ['in/data', 'file', 3 * MIB],
    ['in/folder', 'folder', 3],
    ['note', 'file', 8]
  ])
  expect(new Set(asked)).toEqual(new Set(['named', 'linked']))
  expect(readFileSync(data?.source ?? '').equals(someBytes(3 * MIB))).toBe(true)
  expect(readFileSync(join(tree?.source ?? '', 'sub/b'), 'utf8')).toBe('BB')
  expect(readFileSync(note?.source ?? '', 'utf8')).toBe('remember')
  expect(readFileSync(ready.programPath ?? '', 'utf8')).toBe('program')
  // Nobody may write to any of it, and anybody may read it.
  expect([data, note].map((input) => modeOf(input?.source ?? ''))).toEqual([0o444, 0o444])
  expect(modeOf(join(tree?.source ?? '', 'sub'))).toBe(0o555)
  expect(modeOf(join(tree?.source ?? '', 'sub/b'))).toBe(0o444)
  // The store's own copy, by another name.
  expect(statSync(data?.source ?? '').nlink).toBe(2)
  await ready.release()
  expect(readdirSync(join(folder, 'inputs'))).toEqual([])
  expect(library.get(fileId)?.isComplete).toBe(true)
})

test('tasks that want the same folder share it until the last of them lets go of it', async () => {
  const { files, folder, other } = await openBench()
  const shared = newFolder()
  writeFileSync(join(shared, 'a'), 'A')
  const { id } = await other.addFolder(shared)
  const [one, two] = await Promise.all([
    files.fetch(meshInputs({ x: id }), {}),
    files.fetch(meshInputs({ y: id }), {})
  ])
  expect(first(one).source).toBe(first(two).source)
  await one.release()
  expect(readFileSync(join(first(two).source, 'a'), 'utf8')).toBe('A')
  await two.release()
  expect(readdirSync(join(folder, 'inputs'))).toEqual([])
})

test('what a task works with does not make room for others', async () => {
  const { files, library, other } = await openBench({ budgetBytes: 2 * MIB })
  const { id } = await other.addBytes(someBytes(MIB), 'in use')
  const ready = await files.fetch(meshInputs({ a: id }), {})
  expect(await codeOf(library.addBytes(someBytes(MIB + 1, 2), 'too much'))).toBe('STORE_FULL')
  expect(library.get(id)?.own).toBe('blob')
  await ready.release()
  await library.addBytes(someBytes(MIB + 1, 2), 'now')
  expect(library.get(id)).toBeUndefined()
})

test('what the owner writes to a file of his own does not change what a task reads', async () => {
  const { files, library } = await openBench()
  const path = join(newFolder(), 'mine')
  writeFileSync(path, 'before')
  const { id } = await library.add(path)
  const ready = await files.fetch(meshInputs({ a: id }), {})
  writeFileSync(path, 'after!')
  expect(readFileSync(first(ready).source, 'utf8')).toBe('before')
  await ready.release()
  // And what has changed already is not taken for what it was.
  await expect(files.fetch(meshInputs({ a: id }), {})).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    blame: 'worker',
    retryable: true
  })
})

test('what nobody has is unavailable, and nothing is left of the attempt', async () => {
  const { files, folder, library, other } = await openBench({ budgetBytes: 2 * MIB })
  const { id } = await other.addBytes(someBytes(MIB), 'here')
  const nowhere = `sha256:${'0'.repeat(64)}`
  const wanted = meshInputs({ a: id, b: nowhere })
  await expect(files.fetch(wanted, {})).rejects.toMatchObject({
    code: 'FILE_UNAVAILABLE',
    blame: 'network'
  })
  expect(readdirSync(join(folder, 'inputs'))).toEqual([])
  // It is held no more.
  await library.addBytes(someBytes(2 * MIB, 2), 'all of it')
})

test('inputs that find no room are this worker’s fault, or nobody’s where they never could', async () => {
  const { files, library, other } = await openBench({ budgetBytes: 2 * MIB })
  const { id } = await other.addBytes(someBytes(MIB), 'data')
  const pinned = await library.addBytes(someBytes(MIB + 1, 2), 'pinned')
  library.pin(pinned.id)
  await expect(files.fetch(meshInputs({ a: id }), {})).rejects.toMatchObject({
    code: 'STORE_FULL',
    blame: 'worker',
    retryable: true
  })
  const folder = newFolder()
  for (const seed of [3, 4, 5]) writeFileSync(join(folder, String(seed)), someBytes(MIB, seed))
  const large = await other.addFolder(folder)
  expect(await codeOf(files.fetch(meshInputs({ a: large.id }), {}))).toBe('RESOURCES_UNAVAILABLE')
  const little = { ...meshInputs({ a: id }), diskBytesMax: MIB - 1 }
  library.pin(pinned.id, false)
  await expect(files.fetch(little, {})).rejects.toMatchObject({
    code: 'TASK_OUT_OF_DISK',
    blame: 'job'
  })
})

test.each([
  ['one within the other', ['a', 'a/b']],
  ['one that some systems take for the other', ['Data', 'data']]
])('inputs that cannot both be there are refused: %s', async (_, paths) => {
  const { files } = await openBench()
  const inputs = paths.map((path) => ({ path, from: 'inline:x' }))
  expect(await codeOf(files.fetch({ ...NOTHING, inputs }, {}))).toBe('FIELD_INVALID')
})

test('a folder that names one file again and again does not fill the disk', async () => {
  const { files, folder, library } = await openBench({ budgetBytes: 4 * MIB })
  const { id, sizeBytes: size } = await library.addBytes(someBytes(MIB), 'large')
  const entries = Array.from({ length: 6 }, (_, index) => ({ path: `${index}`, size, id }))
  const list = await library.addBytes(writeFolder(entries), 'folder')
  const fetching = files.fetch(meshInputs({ data: list.id }), {})
  await expect(fetching).rejects.toMatchObject({ code: 'RESOURCES_UNAVAILABLE', path: 'inputs' })
  expect(readdirSync(join(folder, 'inputs'))).toEqual([])
  const few = await library.addBytes(writeFolder(entries.slice(0, 5)), 'folder')
  const ready = await files.fetch(meshInputs({ data: few.id }), {})
  expect(readdirSync(first(ready).source)).toHaveLength(5)
  await ready.release()
})

test('what an earlier life has left goes at the start', async () => {
  const { folder, library } = await openBench()
  const left = join(folder, 'inputs/7/sub')
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'file'), 'x', { mode: 0o444 })
  chmodSync(left, 0o555)
  await new Staging({ library }, { folder: join(folder, 'inputs') }).start()
  expect(readdirSync(join(folder, 'inputs'))).toEqual([])
})

test('a file that a task leaves is moved into the store, kept for its job until a moment', async () => {
  const { files, library } = await openBench({ budgetBytes: 4 * MIB })
  const path = join(newFolder(), 'model')
  const bytes = someBytes(3 * MIB)
  writeFileSync(path, bytes)
  const { ino } = statSync(path)
  const output = await files.publish(WISH, onDisk(path), wanting())
  expect(output).toMatchObject({ name: 'model', size: 3 * MIB, kind: 'file' })
  expect(existsSync(path)).toBe(false)
  expect(library.get(output.file)).toMatchObject({
    own: 'blob',
    name: 'model',
    keptFor: ['j-1'],
    keptUntilMs: Date.UTC(2100, 0)
  })
  const staged = await files.fetch(meshInputs({ a: output.file }), {})
  expect(statSync(first(staged).source).ino).toBe(ino)
  // As it is kept, it does not make room.
  expect(await codeOf(library.addBytes(someBytes(2 * MIB, 2), 'other'))).toBe('STORE_FULL')
})

test('what is kept until a moment may go afterwards, and stays while another job wants it', async () => {
  const clock = new FakeClock()
  const library = await openLibrary(newFolder(), { budgetBytes: 2 * MIB, clock })
  const untilMs = clock.wallMs() + 1_000
  const { id } = await library.addBytes(someBytes(MIB), 'kept', { keptFor: 'j-1', untilMs })
  library.keep(id, { keptFor: 'j-2', untilMs: untilMs + 1_000 })
  expect(library.get(id)).toMatchObject({
    keptFor: ['j-2', 'j-1'],
    keptUntilMs: untilMs + 1_000
  })
  const crowd = (seed: number): Promise<string> =>
    codeOf(library.addBytes(someBytes(2 * MIB, seed), 'large'))
  expect(await crowd(2)).toBe('STORE_FULL')
  clock.advance(1_000)
  expect([library.keptUntil(id, 'j-1'), library.keptUntil(id, 'j-2')]).toEqual([
    undefined,
    untilMs + 1_000
  ])
  expect(await crowd(2)).toBe('STORE_FULL')
  clock.advance(1_000)
  expect(library.get(id)).toMatchObject({ keptFor: [], keptUntilMs: undefined })
  expect(await crowd(2)).toBe('nothing went wrong')
  expect(library.get(id)).toBeUndefined()
})

test('who lets go of a file keeps it no more', async () => {
  const library = await openLibrary(newFolder(), { budgetBytes: MIB })
  const untilMs = Date.UTC(2100, 0)
  const { id } = await library.addBytes(someBytes(MIB), 'kept', { keptFor: 'j-1', untilMs })
  library.letGo(id, 'j-1')
  await library.addBytes(someBytes(MIB, 2), 'other')
  expect(library.get(id)).toBeUndefined()
})

test('a folder that a task leaves is one of its plain files; what else lies there is named', async () => {
  const { files, library } = await openBench()
  const root = join(newFolder(), 'out')
  mkdirSync(join(root, 'sub'), { recursive: true })
  writeFileSync(join(root, 'a'), 'A')
  writeFileSync(join(root, 'sub/b'), 'BB', { mode: 0o000 })
  symlinkSync('/etc/passwd', join(root, 'passwd'))
  symlinkSync('..', join(root, 'sub/up'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const options = wanting()
  const output = await files.publish(WISH, onDisk(root), options)
  expect(output).toMatchObject({ kind: 'folder', size: 3 })
  const entries = readFolder(await library.readPiece(output.file, 0))
  expect(entries.map(({ path, size }) => [path, size])).toEqual([
    ['a', 1],
    ['sub/b', 2]
  ])
  expect(options.skipped.toSorted()).toEqual([
    'out/model/passwd',
    'out/model/pipe',
    'out/model/sub/up'
  ])
  const ids = [output.file, ...entries.map(({ id }) => id)]
  expect(ids.map((id) => library.get(id)?.keptFor)).toEqual([['j-1'], ['j-1'], ['j-1']])
  expect(lstatSync('/etc/passwd').isFile()).toBe(true)
})

test.each<[string, (path: string) => void]>([
  ['is not there', () => {}],
  ['is a link', (path) => symlinkSync('/etc/passwd', path)],
  ['is a link to a folder', (path) => symlinkSync('..', path)],
  ['is a pipe', (path) => void execFileSync('mkfifo', [path])],
  [
    'has two names that some systems take for one',
    (path) => {
      mkdirSync(path)
      for (const name of ['Model', 'model']) writeFileSync(join(path, name), name)
    }
  ],
  [
    'has a name that some systems do not take',
    (path) => {
      mkdirSync(path)
      writeFileSync(join(path, 'at 12:30'), 'x')
    }
  ]
])('an output that %s is the task’s own failure', async (_, make) => {
  const { files, library } = await openBench()
  const path = join(newFolder(), 'out')
  make(path)
  await expect(files.publish(WISH, onDisk(path), wanting())).rejects.toMatchObject({
    code: 'TASK_FAILED',
    blame: 'job',
    message: expect.stringContaining('output model') as string
  })
  expect(library.list()).toEqual([])
})

test('a file that says it is larger than all that is kept here is not even read', async () => {
  const { files } = await openBench({ budgetBytes: 4 * MIB })
  const path = join(newFolder(), 'huge')
  writeFileSync(path, '')
  truncateSync(path, 2 ** 42)
  expect(await codeOf(files.publish(WISH, onDisk(path), wanting()))).toBe('TASK_OUTPUT_TOO_LARGE')
  const root = newFolder()
  for (const name of ['a', 'b']) {
    writeFileSync(join(root, name), '')
    truncateSync(join(root, name), 3 * MIB)
  }
  expect(await codeOf(files.publish(WISH, onDisk(root), wanting()))).toBe('TASK_OUTPUT_TOO_LARGE')
})

test('a file that has other names is copied, so that nobody writes to it by those', async () => {
  const { files, library } = await openBench()
  const folder = newFolder()
  writeFileSync(join(folder, 'output'), 'right')
  linkSync(join(folder, 'output'), join(folder, 'elsewhere'))
  const { file } = await files.publish(WISH, onDisk(join(folder, 'output')), wanting())
  appendFileSync(join(folder, 'elsewhere'), ' or wrong')
  expect(await textOf(library, file)).toBe('right')
})

test.runIf(process.getuid?.() === 0)(
  'a worker that is root reads nobody’s secrets for a task that has given them a second name',
  async () => {
    const { files } = await openBench()
    const [secrets, work] = [newFolder(), newFolder()]
    writeFileSync(join(secrets, 'key'), 'secret', { mode: 0o600 })
    writeFileSync(join(secrets, 'open'), 'open', { mode: 0o644 })
    mkdirSync(join(work, 'out'))
    for (const name of ['key', 'open']) {
      linkSync(join(secrets, name), join(work, name))
      linkSync(join(secrets, name), join(work, 'out', name))
    }
    for (const folder of [work, join(work, 'out')]) chownSync(folder, 12_345, 12_345)
    const options = wanting()
    const alone = files.publish(WISH, onDisk(join(work, 'key')), options)
    await expect(alone).rejects.toMatchObject({ code: 'TASK_FAILED', blame: 'job' })
    expect(await files.publish(WISH, onDisk(join(work, 'open')), options)).toMatchObject({
      size: 4
    })
    expect(await files.publish(WISH, onDisk(join(work, 'out')), options)).toMatchObject({ size: 4 })
    expect(options.skipped).toEqual([`${WISH.path}/key`])
    expect(readFileSync(join(secrets, 'key'), 'utf8')).toBe('secret')
  }
)

test('what is in memory becomes a file or a folder; equal bytes are kept once', async () => {
  const { files, library } = await openBench()
  const bytes = Buffer.from('same')
  const file = await files.publish(
    WISH,
    { kind: 'bytes', files: new Map([['', bytes]]) },
    wanting()
  )
  const inside = new Map([
    ['x', bytes],
    ['sub/y', Buffer.from('other')]
  ])
  const folder = await files.publish(WISH, { kind: 'bytes', files: inside }, wanting())
  expect([file.kind, folder.kind, folder.size]).toEqual(['file', 'folder', 9])
  expect(library.totals().fileCount).toBe(3)
})

test('a result that many tasks leave at once is taken in once', async () => {
  const { files, library } = await openBench()
  const paths = Array.from({ length: 5 }, () => join(newFolder(), 'same'))
  for (const path of paths) writeFileSync(path, someBytes(MIB))
  const outputs = await Promise.all(
    paths.map((path, index) =>
      files.publish(
        WISH,
        onDisk(path),
        wanting({ keep: { keptFor: `j-${index}`, untilMs: Date.UTC(2100, 0) } })
      )
    )
  )
  expect(new Set(outputs.map(({ file }) => file)).size).toBe(1)
  const file = outputs[0]?.file ?? ''
  expect(paths.map((_, index) => library.keptUntil(file, `j-${index}`))).not.toContain(undefined)
})

test('publishing can be called off', async () => {
  const { files } = await openBench()
  const path = join(newFolder(), 'model')
  writeFileSync(path, someBytes(MIB))
  const signal = AbortSignal.abort(new MeshError('TASK_STOPPED', 'enough'))
  expect(await codeOf(files.publish(WISH, onDisk(path), wanting({ signal })))).toBe('TASK_STOPPED')
})

test('a folder is kept with all that is in it', async () => {
  const { keeper, library, other } = await openBench()
  const shared = newFolder()
  writeFileSync(join(shared, 'a'), 'A')
  const { id } = await other.addFolder(shared)
  const request = { file: `mesh:${id}`, untilMs: Date.UTC(2100, 0), owner: 'j-9' }
  const kept = await keeper.keep(request, { onProgress: () => {} })
  expect(kept).toEqual({ file: `mesh:${id}`, kind: 'folder', sizeBytes: 1 })
  expect(library.list().map(({ keptFor }) => keptFor)).toEqual([['j-9'], ['j-9']])
})

test('what does not fit beside what others keep is refused, and nothing goes for it', async () => {
  const { keeper, library, other } = await openBench({ budgetBytes: 4 * MIB })
  const kept = await library.addBytes(someBytes(2 * MIB), 'kept', UNTIL_LATER)
  const spare = await library.addBytes(someBytes(MIB, 2), 'spare')
  const parts = await Promise.all(
    [3, 4, 5].map((seed) => other.addBytes(someBytes(MIB, seed), `part-${seed}`))
  )
  const folder = await other.addBytes(
    writeFolder(parts.map(({ id, name, sizeBytes }) => ({ id, path: name, size: sizeBytes }))),
    'folder'
  )
  const request = { owner: 'j-1', untilMs: UNTIL_LATER.untilMs }
  const refusal = keeper.keep({ ...request, file: `mesh:${folder.id}` }, { onProgress: () => {} })
  await expect(refusal).rejects.toMatchObject({
    code: 'RESOURCES_UNAVAILABLE',
    message: expect.stringContaining('no room to keep it here') as string
  })
  expect([kept, spare].map(({ id }) => library.get(id)?.isComplete)).toEqual([true, true])
  // What fits is kept, and what only lies here goes for it.
  const [one, another] = parts.map(({ id }) => `mesh:${id}`) as [string, string]
  await keeper.keep({ ...request, file: one }, { onProgress: () => {} })
  await keeper.keep({ ...request, file: another }, { onProgress: () => {} })
  expect(library.get(spare.id)).toBeUndefined()
  expect(library.get(kept.id)?.isComplete).toBe(true)
})
