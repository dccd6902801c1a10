/** The verbs of files and `@path` at submit, against a real API server with a real library behind it. */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { startFileApi } from '../../support/start-file-api.ts'
import { someBytes, useFolders } from '../../support/open-library.ts'
import type { CliRun } from '../../support/fake-terminal.ts'
import type { FileApi, FileApiInit } from '../../support/start-file-api.ts'

const newFolder = useFolders()
const OTHER_PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'

interface Added {
  id: string
  name: string
  kind: string
  size: number
  files: number
  link: string
}

interface FileCli extends FileApi {
  /** A folder of the user's own. */
  home: string
  run: (...words: string[]) => Promise<CliRun>
  /** Expects success, and parses what was printed. */
  json: <T>(...words: string[]) => Promise<T>
}

async function startCli(init: Partial<FileApiInit> = {}): Promise<FileCli> {
  const api = await startFileApi({ folder: newFolder(), ...init })
  const { env } = api
  const run: FileCli['run'] = (...words) => runInProcess(words, { env })
  return {
    ...api,
    home: newFolder(),
    run,
    json: async (...words) => {
      const { code, stderr, stdout } = await run(...words, '--json')
      expect([code, stderr]).toEqual([0, ''])
      return JSON.parse(stdout)
    }
  }
}

/** What the router was given. */
async function submitted(cli: FileCli, ...words: string[]): Promise<Record<string, unknown>> {
  const { code, stderr } = await cli.run(...words, '--detach', '--id-only')
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')])
  return cli.services.calls.find(([name]) => name === 'submit')?.[1] as Record<string, unknown>
}

describe('files add', () => {
  test('a file: its id and its link are printed, and it stays', async () => {
    const { client, home, run } = await startCli()
    const path = join(home, 'data.bin')
    writeFileSync(path, someBytes(1_000_000))
    const { code, stderr, stdout } = await run('files', 'add', path)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^sha256:[0-9a-f]{64} {2}data\.bin {2}977KiB\ntaskmesh:\?xt=urn:sha256:\S+\n$/
    )
    expect(stderr).toContain('1 file: sent 977KiB\n')
    const id = stdout.split(' ')[0] ?? ''
    expect(await client.file(id)).toMatchObject({ state: 'complete', pinned: true })
  })

  test('what is there is not sent again', async () => {
    const { home, putCount, run, json } = await startCli()
    const path = join(home, 'data.bin')
    writeFileSync(path, someBytes(1_000_000, 2))
    await run('files', 'add', path)
    expect(putCount()).toBe(4)
    const { stderr } = await run('files', 'add', path)
    expect(stderr).toContain('sent 0B, 977KiB were there')
    expect(putCount()).toBe(4)
    expect(await json<Added[]>('files', 'add', path, path)).toHaveLength(2)
    expect(putCount()).toBe(4)
  })

  test('only missing pieces are sent of what was begun', async () => {
    const { client, home, json, putCount } = await startCli()
    const path = join(home, 'data.bin')
    writeFileSync(path, someBytes(1_500_000, 3))
    const announced: string[] = []
    const { readTrees } = await import('../../../src/cli/upload/local-tree.ts')
    const [tree] = await readTrees([path], { onFound: () => {}, onHashed: () => {} })
    const { writeManifest } = await import('../../../src/files/content/manifest.ts')
    for (const { manifest, name } of tree?.files ?? []) {
      const { id } = await client.announceFile({ manifest: writeManifest(manifest), name })
      announced.push(id)
      await client.putPiece(id, 4, someBytes(1_500_000, 3).subarray(4 * 262_144, 5 * 262_144))
    }
    const before = putCount()
    const [added] = await json<Added[]>('files', 'add', path)
    expect(added?.id).toBe(announced[0])
    expect(putCount() - before).toBe(5)
  })

  test('a folder with odd names, as one thing with all that is in it', async () => {
    const { client, home, json } = await startCli()
    const folder = join(home, 'ödd folder')
    mkdirSync(join(folder, 'sub', 'deep'), { recursive: true })
    writeFileSync(join(folder, 'a b.txt'), 'same')
    writeFileSync(join(folder, 'sub', '-rf'), 'same')
    writeFileSync(join(folder, 'sub', 'deep', '日本 😀.bin'), someBytes(300_000, 4))
    writeFileSync(join(folder, 'empty'), '')
    const [added] = await json<Added[]>('files', 'add', folder, '--until', '2d')
    expect(added).toMatchObject({ kind: 'folder', files: 4, size: 300_008, name: 'ödd folder' })
    const entries: { path: string; id: string }[] = []
    for await (const entry of client.folderEntries(added?.id ?? '')) entries.push(entry)
    expect(entries.map(({ path }) => path)).toEqual([
      'a b.txt',
      'empty',
      'sub/-rf',
      'sub/deep/日本 😀.bin'
    ])
    for (const { id } of entries) {
      expect(await client.file(id)).toMatchObject({
        state: 'complete',
        pinned: false,
        kept_for: 'http'
      })
    }
  })

  test('what cannot be in a folder of the mesh is named, and nothing is sent', async () => {
    const { client, home, run } = await startCli()
    writeFileSync(join(home, 'what?.txt'), 'x')
    const { code, stderr } = await run('files', 'add', home)
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('"what?.txt" cannot be in a folder')
    ])
    expect((await client.files()).rows).toEqual([])
    const other = newFolder()
    writeFileSync(join(other, 'x'), 'x')
    symlinkSync(join(other, 'x'), join(other, 'link'))
    expect((await run('files', 'add', other)).stderr).toContain('links are not followed')
    expect((await run('files', 'add', join(other, 'link'))).code).toBe(1)
    expect((await run('files', 'add', join(other, 'none'))).stderr).toContain(
      'error FILE_UNREADABLE'
    )
  })

  test('control characters of a name never reach the terminal', async () => {
    const { catalogue, home, run } = await startCli()
    const path = join(home, 'a\u001b[2Jb\rc')
    writeFileSync(path, 'x')
    const added = await run('files', 'add', path)
    const id = `sha256:${'e'.repeat(64)}`
    const name = 'evil\u001b[2J\r\n\u202egnp.exe'
    catalogue.offered(OTHER_PEER, { id, name, sizeBytes: 1, isPinned: false, keptFor: [] })
    const listed = await run('files', 'ls')
    const wide = await run('files', 'ls', '-o', 'wide', '--sort', 'id', '--after', id.slice(0, -1))
    const shown = await run('files', 'info', 'eeee')
    const removed = await run('files', 'rm', 'evil\u001b[2J')
    for (const { stderr, stdout } of [added, listed, wide, shown, removed]) {
      // oxlint-disable-next-line no-control-regex
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    }
    expect(listed.stdout).toContain('evil')
    expect(shown.stdout).toContain('evil')
  })

  test('a full store says so at once', async () => {
    const { home, run } = await startCli({ budgetBytes: 1_000 })
    writeFileSync(join(home, 'x'), someBytes(5_000))
    const { code, stderr } = await run('files', 'add', join(home, 'x'))
    expect([code, stderr]).toEqual([1, expect.stringContaining('error STORE_FULL')])
  })
})

describe('files ls, info, pin, unpin, verify, rm', () => {
  test('a table for people, an array for programs, pages for many', async () => {
    const { catalogue, json, run } = await startCli()
    for (let index = 0; index < 120; index += 1) {
      const id = `sha256:${String(index).padStart(64, 'f')}`
      catalogue.offered(OTHER_PEER, {
        id,
        name: `f${index}`,
        sizeBytes: 1_024,
        isPinned: true,
        keptFor: []
      })
    }
    const { stderr, stdout } = await run('files', 'ls', '--limit', '2')
    expect(stdout).toBe(
      [
        'ID            NAME  SIZE  HOLDERS  STATE   PINNED',
        'ffffffffffff  f0    1KiB        1  remote  no',
        'ffffffffffff  f1    1KiB        1  remote  no',
        ''
      ].join('\n')
    )
    const after = /more: --after '(.+)'/.exec(stderr)?.[1] ?? ''
    expect(await json('files', 'ls', '--limit', '1', '--after', after)).toMatchObject([
      { name: 'f10' }
    ])
    expect(await json('files', 'ls')).toHaveLength(100)
    expect(await json('files', 'ls', '--name', 'F11')).toHaveLength(11)
    expect((await run('files', 'ls', '--name', 'none')).stderr).toBe('no such files\n')
  })

  test('by link and by first digits', async () => {
    const { home, json, library, run } = await startCli()
    const path = join(home, 'data.bin')
    writeFileSync(path, someBytes(1_000))
    const [{ id, link } = { id: '', link: '' }] = await json<Added[]>('files', 'add', path)
    const digits = id.slice(7, 15)
    expect(await json('files', 'info', link)).toMatchObject({ id, holders: 1, link })
    const { stdout } = await run('files', 'info', digits)
    expect(stdout).toContain(`stays there  until it is unpinned`)
    expect(stdout.trimEnd().endsWith(link)).toBe(true)
    expect(await json('files', 'unpin', link)).toMatchObject([{ id, pinned: false }])
    expect(await json('files', 'pin', digits, '--until', '30d')).toMatchObject([
      { pinned: false, kept_for: 'http' }
    ])
    expect(await json('files', 'pin', digits)).toMatchObject([{ pinned: true }])
    expect(await json('files', 'verify', link)).toMatchObject([{ id, outcome: 'right' }])
    expect((await run('files', 'rm', link)).code).toBe(0)
    expect(library.get(id)).toBeUndefined()
    expect((await run('files', 'rm', link)).stderr).toContain('error FILE_NOT_FOUND')
  })

  test.each([
    [['files', 'info', 'xyz'], 'FIELD_INVALID'],
    [['files', 'info', 'taskmesh:?xt=nothing'], 'FIELD_INVALID'],
    [['files', 'info', 'abcd'], 'FILE_NOT_FOUND'],
    [['files', 'verify', 'abcd'], 'FILE_NOT_FOUND'],
    [['files', 'unpin', 'abcd'], 'FILE_NOT_FOUND'],
    [['files', 'add'], 'FIELD_MISSING'],
    [['files', 'ls', '--sort', 'size'], 'FIELD_INVALID'],
    [['files', 'ls', '--limit', '5000'], 'FIELD_INVALID']
  ])('%j is refused', async (words, code) => {
    const { run } = await startCli()
    const { stderr } = await run(...words)
    expect(stderr).toContain(`error ${code}`)
  })

  test('a damaged copy ends in exit code 1', async () => {
    const folder = newFolder()
    const { home, json, run } = await startCli({ folder })
    const path = join(home, 'data.bin')
    writeFileSync(path, someBytes(1_000))
    const [{ id } = { id: '' }] = await json<Added[]>('files', 'add', path)
    const digits = id.slice(7)
    truncateSync(join(folder, 'blobs', digits.slice(0, 2), digits), 10)
    const { code, stdout } = await run('files', 'verify', digits)
    expect([code, stdout]).toEqual([1, expect.stringContaining('wrong')])
  })
})

describe('@path at submit', () => {
  test('inputs of a job file, of its items too, relative to it, kept for a week', async () => {
    const cli = await startCli()
    mkdirSync(join(cli.home, 'data'))
    writeFileSync(join(cli.home, 'data', 'a.bin'), someBytes(1_000, 20))
    writeFileSync(join(cli.home, 'data', 'b.bin'), someBytes(1_000, 21))
    const job = join(cli.home, 'job.json')
    const task = { engine: 'process', argv: ['sort'] }
    writeFileSync(
      job,
      JSON.stringify({
        task,
        inputs: [{ path: 'all', from: '@data' }],
        each: [
          { inputs: [{ path: 'one', from: '@data/a.bin' }] },
          { inputs: [{ path: 'one', from: 'inline:x' }] }
        ]
      })
    )
    expect((await cli.run('job', 'validate', job)).code).toBe(0)
    expect((await cli.client.files()).rows).toEqual([])
    await cli.run('job', 'plan', job)
    expect((await cli.client.files()).rows).toEqual([])
    const document = await submitted(cli, 'job', 'run', job)
    const { rows } = await cli.client.files()
    const idOf = (name: string): string => rows.find((row) => row.name === name)?.id ?? ''
    expect(document).toMatchObject({
      inputs: [{ path: 'all', from: `mesh:${idOf('data')}` }],
      each: [
        { inputs: [{ path: 'one', from: `mesh:${idOf('a.bin')}` }] },
        { inputs: [{ path: 'one', from: 'inline:x' }] }
      ]
    })
    expect(cli.services.calls.find(([name]) => name === 'plan')?.[1]).toMatchObject({
      inputs: [{ from: `mesh:${idOf('data')}` }]
    })
    for (const row of rows) {
      expect(row.pinned).toBe(false)
      expect(row.kept_until).toBeGreaterThan(Date.now() + 6 * 86_400_000)
    }
  })

  test('a graph of jobs', async () => {
    const cli = await startCli()
    writeFileSync(join(cli.home, 'a.bin'), 'a')
    const job = {
      task: { engine: 'process', argv: ['wc'] },
      inputs: [{ path: 'a', from: '@a.bin' }]
    }
    writeFileSync(join(cli.home, 'graph.json'), JSON.stringify({ jobs: { one: job, two: job } }))
    await cli.run('job', 'run', join(cli.home, 'graph.json'), '--detach')
    const [row] = (await cli.client.files()).rows
    const from = `mesh:${row?.id}`
    expect(cli.services.calls.find(([name]) => name === 'submitGraph')?.[1]).toMatchObject({
      jobs: { one: { inputs: [{ from }] }, two: { inputs: [{ from }] } }
    })
  })

  test('code that is too long for a task becomes a file, short code stays in it', async () => {
    const cli = await startCli()
    const source = `function main () { return 1 } //${'x'.repeat(LIMITS.taskBytesMax)}`
    writeFileSync(join(cli.home, 'long.ts'), source)
    const document = await submitted(cli, 'run', 'javascript', join(cli.home, 'long.ts'))
    const [row] = (await cli.client.files()).rows
    expect(document['task']).toEqual({
      engine: 'javascript',
      source: `mesh:${row?.id}`,
      language: 'typescript'
    })
    const other = await startCli()
    writeFileSync(join(cli.home, 'large.wasm'), someBytes(600 * 1_024))
    writeFileSync(join(cli.home, 'small.wasm'), someBytes(8))
    writeFileSync(join(cli.home, 'job.json'), '{"task":{"engine":"wasm","module":"@large.wasm"}}')
    const large = await submitted(other, 'job', 'run', join(cli.home, 'job.json'))
    expect(large['task']).toMatchObject({
      module: `mesh:${(await other.client.files()).rows[0]?.id}`
    })
    other.services.calls.splice(0)
    const small = await submitted(other, 'run', 'wasm', join(cli.home, 'small.wasm'))
    expect(small['task']).toMatchObject({ module: expect.stringMatching(/^base64:/) as string })
  })

  test('run --in and --out', async () => {
    const cli = await startCli()
    writeFileSync(join(cli.home, 'a.bin'), 'a')
    const hash = 'ab'.repeat(32)
    const document = await submitted(
      cli,
      'run',
      'process',
      '--in',
      `in/a=@${join(cli.home, 'a.bin')}`,
      '--in',
      'b=inline:x=y',
      '--in',
      `c=https://example.org/c?x=1#sha256=${hash}`,
      '--out',
      'sorted=out/sorted',
      '--',
      'sort'
    )
    expect(document).toMatchObject({
      inputs: [
        { path: 'in/a', from: expect.stringMatching(/^mesh:sha256:/) as string },
        { path: 'b', from: 'inline:x=y' },
        { path: 'c', from: 'https://example.org/c?x=1', sha256: hash }
      ],
      outputs: [{ name: 'sorted', path: 'out/sorted' }]
    })
  })

  test.each([
    [['--in', 'a'], 'FIELD_INVALID'],
    [['--in', 'a=@/none/such'], 'FILE_NOT_FOUND'],
    [['--in', 'a=what'], 'FIELD_INVALID'],
    [['--in', '../a=inline:x'], 'FIELD_INVALID'],
    [['--out', 'x'], 'FIELD_INVALID']
  ])('run %j is refused before anything is sent', async (words, code) => {
    const cli = await startCli()
    const { stderr } = await cli.run('run', 'process', ...words, '--', 'sort')
    expect(stderr).toContain(`error ${code}`)
    expect(cli.services.calls).toEqual([])
  })
})
