/** `taskmesh run ENGINE …`: the job that its words make, and what comes back of a program. */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { buildItemView, buildJobView } from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { startWithHome } from '../../support/api-with-home.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'
import type { FakeTerminalInit } from '../../support/fake-terminal.ts'

const IMAGE = `sha256:${'0'.repeat(64)}`

function folderWith(files: Record<string, string | Uint8Array> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-run-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** The document that comes to the router. */
async function documentOf(words: string[], init: FakeTerminalInit = {}): Promise<unknown> {
  const { env, services } = await startWithHome()
  const { code, stderr } = await runInProcess(['run', ...words], { ...init, env })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const { key: _key, ...document } = (services.calls[0]?.[1] ?? {}) as Record<string, unknown>
  return document
}

async function complaintOf(words: string[]): Promise<string> {
  const { code, stderr } = await runInProcess(['run', ...words])
  expect(code).toBe(1)
  return stderr
}

/** Of a program that gets its stdin so. */
async function stdinOf(text: string, stdin = ''): Promise<unknown> {
  return await documentOf(['process', '--stdin', text, '--', 'cat'], { stdin })
}

/** An API whose job has returned this. */
async function startWith(result: NonNullable<JobView['result']>) {
  const { env, services } = await startWithHome()
  const job = buildJobView({ engine: 'process', result })
  services.jobsById.set(job.id, job)
  return { env, services }
}

describe('the words become a job', () => {
  test('of engine javascript, with all that a job may ask for', async () => {
    const folder = folderWith({ 'square.js': 'function main (n) { return n * n }', data: 'x' })
    const words = [
      'javascript',
      join(folder, 'square.js'),
      '--input',
      '7',
      '--name',
      'seven',
      '--file',
      `${folder}/data:in/data`,
      '--label',
      'a=b',
      '--memory',
      '64MiB',
      '--cpu',
      '2',
      '--disk',
      '1GiB',
      '--gpu',
      '0',
      '--timeout',
      '5s',
      '--attempts',
      '2',
      '--require',
      'zone = home',
      '--prefer',
      'size = large:20',
      '--prefer',
      'spot = no',
      '--preset',
      'latency'
    ]
    expect(await documentOf(words)).toEqual({
      name: 'seven',
      labels: { a: 'b' },
      task: {
        engine: 'javascript',
        source: 'function main (n) { return n * n }',
        input: 7,
        files: [{ path: 'in/data', text: 'x' }]
      },
      resources: { cpu: 2, memory: '64MiB', disk: '1GiB', gpu: 0 },
      where: {
        require: ['zone = home'],
        prefer: [
          { match: 'size = large', weight: 20 },
          { match: 'spot = no', weight: 50 }
        ]
      },
      route: { preset: 'latency' },
      timeouts: { run: '5s' },
      retry: { attempts: 2 }
    })
  })

  test('in TypeScript, by the name of its file', async () => {
    const folder = folderWith({ 'a.ts': 'function main (n: number) { return n }' })
    expect(await documentOf(['javascript', join(folder, 'a.ts')])).toMatchObject({
      task: { language: 'typescript' }
    })
  })

  test('of engine process, with its name before the dashes or after', async () => {
    const expected = { task: { engine: 'process', argv: ['sort', '-n'] } }
    expect(await documentOf(['process', '--', 'sort', '-n'])).toEqual(expected)
    expect(await documentOf(['process', 'sort', '--', '-n'])).toEqual(expected)
  })

  test('of engine container, with GPUs and the network', async () => {
    const words = ['container', IMAGE, '--gpu', '1', '--network', '--env', 'A=1', '--', 'ls', '-l']
    expect(await documentOf(words)).toEqual({
      task: { engine: 'container', image: IMAGE, argv: ['ls', '-l'], env: { A: '1' } },
      resources: { gpu: 1 },
      network: { mode: 'full' }
    })
    expect(await documentOf(['container', IMAGE])).toEqual({
      task: { engine: 'container', image: IMAGE }
    })
  })

  test('of engines function and builtin, with JSON or pairs', async () => {
    expect(await documentOf(['function', 'resize', '--input', '{"width":80}'])).toEqual({
      task: { engine: 'function', name: 'resize', input: { width: 80 } }
    })
    const expected = { task: { engine: 'builtin', name: 'sha256', args: { text: 'hello' } } }
    expect(await documentOf(['builtin', 'sha256', '--arg', 'text=hello'])).toEqual(expected)
    expect(await documentOf(['builtin', 'sha256', '--arg', '{"text":"hello"}'])).toEqual(expected)
  })

  test('of engine wasm, with arguments, variables, stdin and files', async () => {
    const folder = folderWith({
      'p.wasm': Uint8Array.of(0xff),
      bytes: Uint8Array.of(0xfe),
      text: 'é'
    })
    const words = [
      'wasm',
      join(folder, 'p.wasm'),
      '--env',
      'A=b=c',
      '--env',
      'B=',
      '--stdin',
      `@${folder}/text`,
      '--file',
      `in/bytes=@${folder}/bytes`,
      '--file',
      'in/text=@@x',
      '--file',
      `${folder}/text`,
      '--returns',
      'out',
      '--returns',
      'log.txt',
      '--',
      '-9',
      '--input'
    ]
    expect(await documentOf(words)).toEqual({
      task: {
        engine: 'wasm',
        module: 'base64:/w==',
        args: ['-9', '--input'],
        env: { A: 'b=c', B: '' },
        stdin: 'é',
        files: [
          { path: 'in/bytes', base64: '/g==' },
          { path: 'in/text', text: '@x' },
          { path: 'text', text: 'é' }
        ],
        outputs: ['out', 'log.txt']
      }
    })
  })

  test('with stdin passed on, and as base64 where it would pass for that or is no text', async () => {
    const folder = folderWith({ bytes: Uint8Array.of(0xfe) })
    expect(await stdinOf('-', 'typed\n')).toMatchObject({ task: { stdin: 'typed\n' } })
    expect(await stdinOf(`@${folder}/bytes`)).toMatchObject({ task: { stdin: 'base64:/g==' } })
    expect(await stdinOf('base64:x')).toMatchObject({ task: { stdin: 'base64:YmFzZTY0Ong=' } })
  })

  test.each([
    [['builtin', 'noop', '--stdin', 'x'], '--stdin does not belong here'],
    [['builtin', 'noop', 'x'], 'args does not belong here; a builtin takes --arg'],
    [['builtin', 'noop', '--input', '1'], '--input does not belong here'],
    [['javascript', 'x.js', '--returns', 'x'], '--returns does not belong here'],
    [['wasm', 'x.wasm', '--input', '1'], '--input does not belong here'],
    [['function', 'f', '--arg', 'a=1'], 'a function takes --input'],
    [['javscript', 'x'], '"javscript" is not an engine; did you mean javascript?'],
    [['process'], 'task.argv is missing'],
    [['container'], '<task> is missing'],
    [['process', '--file', ':x', '--', 'cat'], '":x" is not a file'],
    [['process', '--file', '/no/such/file', '--', 'cat'], 'there is no such file'],
    [['wasm', '/no/such/file'], 'there is no such file']
  ])('%j: %s', async (words, expected) => {
    expect(await complaintOf(words)).toContain(expected)
  })

  test('that no engine could do is refused before it is sent', async () => {
    const folder = folderWith({ 'a.js': 'x' })
    const words = ['javascript', join(folder, 'a.js'), '--network']
    expect(await complaintOf(words)).toContain('engine javascript reaches no network')
  })
})

describe('what tasks that can be repeated begin with', () => {
  const BEGINNING = ['--seed', 'first', '--time', '2026-12-24T18:00:00Z']
  const FIELDS = { seed: 'first', time: '2026-12-24T18:00:00Z' }

  test.each([
    ['javascript', 'a.js'],
    ['wasm', 'a.wasm']
  ])('is in the task of engine %s', async (engine, file) => {
    const folder = folderWith({ [file]: new Uint8Array([0, 0x61, 0x73, 0x6d]) })
    const words = [engine, join(folder, file), ...BEGINNING]
    expect(await documentOf(words)).toMatchObject({ task: { engine, ...FIELDS } })
  })

  test('has to be a moment, and is not for other engines', async () => {
    const folder = folderWith({ 'a.js': 'x' })
    const words = ['javascript', join(folder, 'a.js'), '--time', 'noon']
    expect(await complaintOf(words)).toContain('task.time')
    expect(await complaintOf(['process', '--seed', '1', '--', 'sort'])).toContain(
      '--seed does not belong here'
    )
  })

  test('help says of each flag for which engines it is', async () => {
    const { stdout } = await runInProcess(['run', '--help'])
    expect(stdout).toMatch(/--seed +javascript, wasm: /)
    expect(stdout).toMatch(/--stdin +container, process, wasm: /)
    expect(stdout).toMatch(/--arg +builtin: /)
  })
})

describe('what a program returns', () => {
  const RESULT = {
    exit_code: 0,
    stdout: 'no line end',
    files: [
      { path: 'out/a', bytes: 1, text: 'A' },
      { path: 'b', bytes: 2, base64: '/v8=' }
    ]
  }
  const SORT = ['run', 'process', '--', 'sort']

  test('is its stdout as it is; its log and the names of its files are beside it', async () => {
    const { env } = await startWith(RESULT)
    const { code, stderr, stdout } = await runInProcess(SORT, { env })
    expect([code, stdout]).toEqual([0, 'no line end'])
    expect(stderr).toContain(
      'files: out/a (1B), b (2B); taskmesh job wait j-7m2k9x04tqhe --save DIR writes them\n'
    )
  })

  test('is the whole job for programs', async () => {
    const { env } = await startWith(RESULT)
    const words = ['run', 'process', '--json', '--', 'sort']
    const { stdout } = await runInProcess(words, { env })
    expect(JSON.parse(stdout)).toMatchObject({ state: 'completed', result: RESULT })
  })

  test('bytes are bytes', async () => {
    const { env } = await startWith({ exit_code: 0, stdout_base64: '/v8=' })
    const { stdout } = await runInProcess(SORT, { env })
    expect(stdout).toBe(Buffer.from('/v8=', 'base64').toString())
  })

  test('--save writes its files, and replaces none unasked', async () => {
    const { env } = await startWith(RESULT)
    const folder = folderWith()
    const words = ['run', 'process', '--save', join(folder, 'new'), '--', 'sort']
    const first = await runInProcess(words, { env })
    expect([first.code, first.stdout]).toEqual([0, 'no line end'])
    expect(first.stderr).toContain(`saved ${folder}/new/out/a\nsaved ${folder}/new/b\n`)
    expect(readFileSync(join(folder, 'new/out/a'), 'utf8')).toBe('A')
    expect([...readFileSync(join(folder, 'new/b'))]).toEqual([0xfe, 0xff])
    writeFileSync(join(folder, 'new/b'), 'mine')
    rmSync(join(folder, 'new/out/a'))
    const second = await runInProcess(words, { env })
    expect([second.code, second.stdout]).toEqual([1, 'no line end'])
    expect(second.stderr).toContain(
      `${folder}/new/b is there already (--save); replace it: taskmesh job wait j-7m2k9x04tqhe --save ${folder}/new --force\n`
    )
    // Nothing was written, not even what was free.
    expect(existsSync(join(folder, 'new/out/a'))).toBe(false)
    expect(readFileSync(join(folder, 'new/b'), 'utf8')).toBe('mine')
    expect(
      (await runInProcess([...words.slice(0, 2), '--force', ...words.slice(2)], { env })).code
    ).toBe(0)
    expect([...readFileSync(join(folder, 'new/b'))]).toEqual([0xfe, 0xff])
  })

  test('can be had later, of several jobs in a folder each', async () => {
    const { env, services } = await startWith(RESULT)
    services.jobsById.set('j-9', buildJobView({ id: 'j-9', engine: 'wasm', result: RESULT }))
    const folder = folderWith()
    const one = ['job', 'wait', 'j-7', '--save', folder]
    const { code, stderr } = await runInProcess(one, { env })
    expect(code).toBe(0)
    expect(stderr).toContain(`saved ${folder}/out/a\nsaved ${folder}/b\n`)
    expect((await runInProcess(one, { env })).stderr).toContain('is there already')
    expect((await runInProcess([...one, '--force'], { env })).code).toBe(0)
    expect(
      (await runInProcess(['job', 'wait', 'j-7', 'j-9', '--save', folder], { env })).code
    ).toBe(0)
    expect(readFileSync(join(folder, 'j-9/out/a'), 'utf8')).toBe('A')
    expect(existsSync(join(folder, 'j-7m2k9x04tqhe/b'))).toBe(true)
  })

  test('of an array can be had later too', async () => {
    const { env, services } = await startWithHome()
    const job = buildJobView({ engine: 'process', item_count: 2 })
    services.jobsById.set(job.id, job)
    services.itemViews = [
      buildItemView({ id: 'a', result: RESULT }),
      buildItemView({ id: 'c', index: 1, result: RESULT })
    ]
    const folder = folderWith()
    expect((await runInProcess(['job', 'wait', 'j-7', '--save', folder], { env })).code).toBe(0)
    expect(readFileSync(join(folder, 'c/out/a'), 'utf8')).toBe('A')
  })

  test('its last words are said once: in the log, or in the error where there is none', async () => {
    const { env, services } = await startWithHome()
    const error = {
      code: 'TASK_FAILED',
      message: 'the program ended with 2:\nsort: no such file',
      hint: 'mend it'
    }
    const logs = 'begun\nsort: no such file\n'
    const job = buildJobView({ engine: 'process', state: 'failed', error, logs })
    delete job.result
    services.jobsById.set(job.id, job)
    const people = (await runInProcess(SORT, { env })).stderr
    expect(people.match(/no such file/g)).toHaveLength(1)
    expect(people).toContain('error TASK_FAILED: the program ended with 2; mend it\n')
    const quiet = (await runInProcess([...SORT.slice(0, 2), '-q', '--', 'sort'], { env })).stderr
    expect(quiet).toContain('ended with 2; mend it\n  | sort: no such file\n')
    services.jobsById.set(job.id, { ...job, logs: 'begun\n' })
    expect((await runInProcess(SORT, { env })).stderr).toContain('  | sort: no such file\n')
  })

  test.each([
    '../x',
    '/tmp/x',
    'a/../../x',
    'a\\b',
    'a//b',
    '',
    'a\nb',
    '..',
    'link/x',
    'file/x',
    'link'
  ])('never leaves the folder: %j', async (path) => {
    const outside = folderWith({ x: 'theirs' })
    const folder = folderWith({ file: '' })
    symlinkSync(outside, join(folder, 'link'))
    const { env } = await startWith({ exit_code: 0, files: [{ path, text: 'bad' }] })
    const words = ['run', 'process', '--force', '--save', folder, '--', 'sort']
    expect((await runInProcess(words, { env })).code).toBe(1)
    expect(readFileSync(join(outside, 'x'), 'utf8')).toBe('theirs')
  })

  test('a link in the place of a file is not followed', async () => {
    const outside = folderWith({ x: 'theirs' })
    const folder = folderWith()
    symlinkSync(join(outside, 'x'), join(folder, 'b'))
    const { env } = await startWith(RESULT)
    const words = ['run', 'process', '--force', '--save', folder, '--', 'sort']
    expect((await runInProcess(words, { env })).stderr).toContain('is no plain file')
    expect(readFileSync(join(outside, 'x'), 'utf8')).toBe('theirs')
  })

  test('each item of an array has a folder of its own', async () => {
    const { env, services } = await startWith(RESULT)
    services.itemViews = [
      buildItemView({ id: 'a/b', result: RESULT }),
      buildItemView({ id: 'c', index: 1, result: RESULT })
    ]
    const folder = folderWith({ 'each.json': '[{"id":"a/b","stdin":"1"},{"id":"c"}]' })
    const words = [
      'run',
      'process',
      '--each',
      join(folder, 'each.json'),
      '--save',
      folder,
      '--',
      'sort'
    ]
    expect((await runInProcess(words, { env })).code).toBe(0)
    expect(readFileSync(join(folder, 'a%2Fb/out/a'), 'utf8')).toBe('A')
    expect(readFileSync(join(folder, 'c/out/a'), 'utf8')).toBe('A')
  })
})
